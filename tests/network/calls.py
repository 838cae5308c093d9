"""What a call does with a relay, without the call: allocate at both ends, send, receive, count."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from scripts.network.laboratory import Laboratory
from scripts.network.relay import Relay
from turn.allocation import Allocation
from turn.ice_server import IceServer

UDP = "turn:203.0.113.20:443?transport=udp"
TCP = "turn:203.0.113.20:443?transport=tcp"
TLS = "turns:203.0.113.20:443?transport=tcp"

PATIENCE_SECONDS = 30.0
"""Where an answer is expected, and the machine may be busy."""
IMPATIENCE_SECONDS = 0.6
"""Where no answer is expected."""


_CALLS = count(1)


class Ends:
    """Allocates on a relay from any machine of a laboratory."""

    def __init__(self, laboratory: Laboratory, relay: Relay) -> None:
        self._laboratory = laboratory
        self._relay = relay
        self._trust: ssl.SSLContext = relay.ssl_context

    async def issue(self, caller: str | None = None, lifetime_seconds: int = 60) -> IceServer:
        """Return a relay with its password, as the door issues it; by default for a call of its own."""
        caller = caller or f"call-{next(_CALLS)}"
        _stun, server = await self._relay.ice_servers.issue(caller, lifetime_seconds)
        return server

    async def allocate(
        self,
        machine: str,
        url: str = UDP,
        *,
        server: IceServer | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> Allocation:
        """Allocate from *machine*."""
        return await Allocation.open(
            url,
            server or await self.issue(),
            make_socket=self._laboratory[machine].make_socket,
            ssl_context=self._trust,
            patience_seconds=patience_seconds,
        )

    @asynccontextmanager
    async def call(self, *, caller: str = UDP, agent: str = UDP) -> AsyncIterator["Call"]:
        """Connect both ends through the relay, as two relay candidates do."""
        server = await self.issue()
        async with (
            await self.allocate("caller", caller, server=server) as first,
            await self.allocate("agent", agent, server=server) as second,
        ):
            ways = await first.bind(second.relayed), await second.bind(first.relayed)
            yield Call((first, second), ways)


class Call:
    """Two allocations that are each other's peer."""

    def __init__(self, ends: tuple[Allocation, Allocation], channels: tuple[int, int]) -> None:
        self.ends = ends
        self._channels = channels

    async def exchange(self, packets: int, *, every_seconds: float = 0.0) -> None:
        """Send *packets* in each direction and wait until all of them have arrived, in order."""
        expected = [number.to_bytes(4, "big") for number in range(packets)]

        async def listen(end: Allocation) -> list[bytes]:
            return [(await end.receive())[1] for _ in range(packets)]

        async with asyncio.timeout(PATIENCE_SECONDS + packets * every_seconds):
            listening = [asyncio.create_task(listen(end)) for end in self.ends]
            for packet in expected:
                for end, channel in zip(self.ends, self._channels, strict=True):
                    end.send(packet, channel=channel)
                await asyncio.sleep(every_seconds)
            assert await asyncio.gather(*listening) == [expected, expected]
