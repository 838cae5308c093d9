"""Credentials for relays that AWS runs, from a pool of signaling channels."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from turn.errors import ChannelGoneError, RelaysBusyError, RelaysUnreachableError
from turn.ice_server import IceServer
from turn.leases import CHANNEL_ALLOCATIONS, Leases, LocalLeases
from turn.rate_limit import RateLimit
from turn.relay_url import RelayUrl
from turn.signaling import Signaling

CHANNEL_ISSUES_PER_SECOND = 5
"""A hard limit of Kinesis Video (kvswebrtc-limits.md, WebRTC developer guide, October 2026)."""

_RATE_WINDOW_SECONDS = 1.01
"""One second, and a hundredth for requests that overtake each other on the way."""

_THROTTLED_PAUSE_SECONDS = 0.2
"""A channel that throttles all the same is left alone for the time that one request takes of its rate."""

_BACK_OFF_SECONDS = 0.1
"""The longest of the random pauses before another channel is tried."""

PATIENCE_SECONDS = 4.0
"""A caller waits for it in front of a page: enough for several tries, short enough to turn elsewhere."""


@dataclass(slots=True)
class _Channel:
    arn: str
    used_at: float = 0.0
    limit: RateLimit = field(
        default_factory=lambda: RateLimit(CHANNEL_ISSUES_PER_SECOND, _RATE_WINDOW_SECONDS)
    )


class ManagedIceServers:
    """Spreads calls over the pool, so that no channel's limits are felt.

    The channel that can answer soonest is asked, and among those that can at once the one that was not
    used for longest.  Several processes that share a pool do not know of each other's requests: each
    begins at another channel, and what is throttled all the same is asked of another one after a pause.

    Args:
        channel_arns: The pool.
        signaling: Who is asked.
        stun_url: Given to callers beside the relays; `GetIceServerConfig` names relays only.
        leases: Who counts allocations; by default this process its own.
        patience_seconds: How long `issue` may take altogether.
        chance: What pauses and the order of unused channels are drawn from; not for secrets.
    """

    def __init__(
        self,
        *,
        channel_arns: Sequence[str],
        signaling: Signaling,
        stun_url: str = "",
        leases: Leases | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        chance: random.Random | None = None,
    ) -> None:
        self._chance = chance or random.Random()  # noqa: S311 - it spreads load
        self._channels = [_Channel(arn) for arn in channel_arns]
        self._chance.shuffle(self._channels)
        self._signaling = signaling
        self._stun = (IceServer(urls=(stun_url,)),) if stun_url else ()
        self._leases = leases or LocalLeases()
        self._patience_seconds = patience_seconds

    async def issue(self, caller: str, lifetime_seconds: int) -> tuple[IceServer, ...]:  # noqa: ARG002 - KVS has one lifetime
        """Return the relays of one channel; see `IceServers.issue`.  Their lifetime is always 300 s."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await self._issue(caller)
        except TimeoutError as late:
            raise RelaysBusyError(
                f"No signaling channel of {len(self._channels)} issued relay credentials within "
                f"{self._patience_seconds:g} s, so the call cannot begin now.  Raise "
                "turn.peak_new_sessions_per_second of the stage and deploy, or name a fallback."
            ) from late

    async def release(self, caller: str) -> None:
        """Give back the allocations promised to *caller*."""
        await self._leases.release(caller)

    async def _issue(self, caller: str) -> tuple[IceServer, ...]:
        loop = asyncio.get_running_loop()
        silent: set[str] = set()
        while True:
            channel = await self._reserve(caller, silent)
            channel.used_at = at = channel.limit.take(loop.time())
            try:
                return await self._ask(channel, caller, at)
            except RelaysBusyError:
                channel.limit.give_back(at, not_before=loop.time() + _THROTTLED_PAUSE_SECONDS)
            except ChannelGoneError:
                if self._channels == [channel]:
                    raise
                self._channels = [one for one in self._channels if one is not channel]
            except RelaysUnreachableError:
                silent.add(channel.arn)
                if len(silent) >= len(self._channels):
                    raise
            await asyncio.sleep(self._chance.uniform(0, _BACK_OFF_SECONDS))

    async def _reserve(self, caller: str, silent: set[str]) -> _Channel:
        """Promise *caller* allocations on the best channel that has room for them."""
        now = asyncio.get_running_loop().time()
        for channel in sorted(self._channels, key=lambda one: (one.limit.next_at(now), one.used_at)):
            if channel.arn not in silent and await self._leases.take(channel.arn, caller):
                return channel
        raise RelaysBusyError(
            f"Each of {len(self._channels)} signaling channels is silent or has promised all of its "
            f"{CHANNEL_ALLOCATIONS} allocations, so the call cannot begin now.  Raise "
            "turn.peak_concurrent_calls of the stage and deploy, or name a fallback."
        )

    async def _ask(self, channel: _Channel, caller: str, at: float) -> tuple[IceServer, ...]:
        issued = False
        try:
            await asyncio.sleep(at - asyncio.get_running_loop().time())
            relays = await self._signaling.ice_servers(channel.arn)
            issued = True
        finally:
            if not issued:
                await self._leases.undo(channel.arn, caller)
        return (*self._stun, *map(_without_dtls, relays))


def _without_dtls(server: IceServer) -> IceServer:
    """Drop `turns:` over UDP: aiortc skips it, and Chromium makes a second TLS allocation of it."""
    return replace(server, urls=tuple(url for url in server.urls if not RelayUrl.parse(url).is_dtls))
