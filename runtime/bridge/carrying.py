"""Two WebSockets, and what one says said to the other, until either has had enough."""

import asyncio

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed

FRAME_BYTES = 32 * 1024
"""Largest message that AgentCore carries; see `runtime.transports.caller_socket`."""

FRAMES_WAITING = 16
"""Messages that a side may be ahead of the other: a third of a second of speech, then its connection waits."""

SEND_SECONDS = 5.0
"""A side that takes nothing for so long is gone, though the connection may not know."""

CLOSE_SECONDS = 2.0
"""Longest wait for a side to take leave; it keeps its place until then."""

GOING_AWAY, INTERNAL_ERROR = 1001, 1011

_UNSENDABLE = frozenset({None, 1005, 1006, 1015})
"""What stands for a close that was never sent; it cannot be sent on (RFC 6455, section 7.4.1)."""


async def carry(provider: Connection, agent: Connection) -> None:
    """Carry messages both ways; when one side closes, close the other alike."""
    both = {
        asyncio.create_task(_carry(provider, agent)),
        asyncio.create_task(_carry(agent, provider)),
    }
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in both:
            way.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        await _close_alike(provider, agent)


async def _carry(source: Connection, sink: Connection) -> None:
    try:
        async for message in source:
            async with asyncio.timeout(SEND_SECONDS):  # holds *source* back for as long as *sink* is slow
                await sink.send(message)
    except ConnectionClosed:
        return
    except TimeoutError:
        sink.transport.abort()  # it would not take a word of farewell either


async def _close_alike(provider: Connection, agent: Connection) -> None:
    """Tell each side how the other has left; neither hears of it twice."""
    left_by_agent, left_by_provider = _code(agent), _code(provider)
    await asyncio.gather(provider.close(left_by_agent), agent.close(left_by_provider), return_exceptions=True)


def _code(connection: Connection) -> int:
    """Return what *connection* was closed with; one that is open was given up by the bridge."""
    code = connection.close_code
    return INTERNAL_ERROR if code is None or code in _UNSENDABLE else code
