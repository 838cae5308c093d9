"""Find out which way to a relay works, by taking it.

aiortc uses one TURN URL of all that it is given, without trying it: a dead one costs five seconds and then
the call.  So every way is tried at once with a real allocation, and the best that answers is the one.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from turn.allocation import PATIENCE_SECONDS, Allocation
from turn.channel import MakeSocket
from turn.errors import AllocationError, NoWayError
from turn.ice_server import IceServer
from turn.relay_url import RelayUrl

GRACE_SECONDS = 0.15
"""How much longer a better way may take than a worse one: three round trips at 50 ms."""


@dataclass(frozen=True, slots=True)
class Way:
    """What came of trying one URL."""

    server: IceServer
    """With this URL alone."""
    seconds: float
    """Until it answered or failed."""
    error: AllocationError | None

    @property
    def url(self) -> str:
        """The URL that was tried."""
        return self.server.urls[0]


async def probe(
    servers: Iterable[IceServer],
    *,
    make_socket: MakeSocket = socket.socket,
    ssl_context: ssl.SSLContext | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> tuple[Way, ...]:
    """Try every relay URL of *servers* at once, and return what came of each, the preferred kind first."""
    attempts = [
        _try(way, make_socket, ssl_context, patience_seconds)
        for alike in in_order_of_preference(servers)
        for way in alike
    ]
    return tuple(await asyncio.gather(*attempts))


async def choose(
    servers: Iterable[IceServer],
    *,
    make_socket: MakeSocket = socket.socket,
    ssl_context: ssl.SSLContext | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> IceServer:
    """Return the best relay that answers, with the one URL under which it does.

    A worse way that answers waits a moment for the better ones; those that are dead delay nobody longer.

    Raises:
        NoWayError: None answers; its message has the reason for each.
    """
    kinds = [
        [asyncio.create_task(_try(way, make_socket, ssl_context, patience_seconds)) for way in alike]
        for alike in in_order_of_preference(servers)
    ]
    try:
        return await _best(kinds)
    finally:
        attempts = [attempt for kind in kinds for attempt in kind]
        for attempt in attempts:
            attempt.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)


def in_order_of_preference(servers: Iterable[IceServer]) -> list[list[IceServer]]:
    """Split *servers* into their relay URLs, those that are as good as each other together.

    UDP before TLS, because speech prefers a lost packet to one that is late and all behind it; then an earlier
    server before a later one, because both ends of a call had better meet on one.  TURN over DTLS is left out:
    neither aiortc nor a browser speaks it.
    """
    kinds: dict[tuple[int, int], list[IceServer]] = {}
    for place, server in enumerate(servers):
        for url in filter(RelayUrl.relays, server.urls):
            parsed = RelayUrl.parse(url)
            if not parsed.is_dtls:
                kinds.setdefault((_rank(parsed), place), []).append(replace(server, urls=(url,)))
    return [kinds[kind] for kind in sorted(kinds)]


async def _best(kinds: Sequence[Sequence[asyncio.Task[Way]]]) -> IceServer:
    """Wait for the best kind of way; once another one works, for the grace only."""
    waiting = {attempt for kind in kinds for attempt in kind}
    limit = None
    while waiting:
        done, waiting = await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        for kind in kinds:
            working = [one for one in kind if one.done() and one.result().error is None]
            if working:
                return working[0].result().server
            if done and not waiting.isdisjoint(kind):
                break  # one of these may still answer, and all behind them are worse
        if any(one.done() and one.result().error is None for kind in kinds for one in kind):
            limit = GRACE_SECONDS
    raise NoWayError(_reasons([attempt.result() for kind in kinds for attempt in kind]))


def _reasons(ways: Sequence[Way]) -> str:
    if not ways:
        return "No relay was issued at all, so no audio can be sent.  Look at what turn.kind names."
    said = "\n".join(f"  {way.url}: {way.error}" for way in ways)
    return f"None of {len(ways)} ways to a relay works, so no audio can be sent:\n{said}"


async def _try(
    server: IceServer, make_socket: MakeSocket, ssl_context: ssl.SSLContext | None, patience_seconds: float
) -> Way:
    loop = asyncio.get_running_loop()
    began, error = loop.time(), None
    try:
        allocation = await Allocation.open(
            server.urls[0],
            server,
            make_socket=make_socket,
            ssl_context=ssl_context,
            patience_seconds=patience_seconds,
        )
    except AllocationError as failed:
        error = failed
    else:
        await allocation.leave()
    return Way(server, loop.time() - began, error)


def _rank(url: RelayUrl) -> int:
    if url.is_udp:
        return 0
    return 1 if url.tls else 2
