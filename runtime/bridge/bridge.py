"""The bridge: takes a phone provider's media stream, and carries it to the agent of the caller's session.

For providers that drop the query of a URL, and with it the signature of a pre-signed one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from runtime.bridge.carrying import GOING_AWAY, INTERNAL_ERROR, carry
from runtime.bridge.errors import AgentUnreachableError, StreamRefusedError
from runtime.bridge.opening import Opening, Tickets, admit, read_opening
from runtime.door.errors import DoorError
from runtime.metrics import BRIDGE_FAULTS, BRIDGED_STREAMS, MetricWriter

STREAM, HEALTH = "/stream", "/health"

FAREWELL_SECONDS = 30
"""How much longer than a call a stream may last: the agent says goodbye first."""

POLICY_VIOLATION = 1008

_log = logging.getLogger(__name__)

type ConnectAgent = Callable[[str], Awaitable[ClientConnection]]
"""Opens a connection to the agent of a session; raises `AgentUnreachableError`."""


class Bridge:
    """Carries as many streams as it is allowed to, and says so.

    Args:
        tickets: Who knows whose a stream is.
        connect_agent: The way to AgentCore.
        metrics: Counts streams and faults.
        most_streams: At once; those that have not said whose they are count.
        call_seconds: Longest call.
    """

    def __init__(
        self,
        tickets: Tickets,
        connect_agent: ConnectAgent,
        metrics: MetricWriter,
        *,
        most_streams: int,
        call_seconds: float,
    ) -> None:
        self._tickets = tickets
        self._connect_agent = connect_agent
        self._metrics = metrics
        self._most_streams = most_streams
        self._stream_seconds = call_seconds + FAREWELL_SECONDS
        self._streams: set[ServerConnection] = set()
        self._draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def streams(self) -> int:
        """How many there are now."""
        return len(self._streams)

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse what is no stream before its handshake; nothing lets it go on."""
        path = request.path.partition("?")[0]
        if path == HEALTH:
            status = HTTPStatus.SERVICE_UNAVAILABLE if self._draining else HTTPStatus.OK
            return connection.respond(status, "")
        if path != STREAM:
            return connection.respond(HTTPStatus.NOT_FOUND, "")
        if self._draining or len(self._streams) >= self._most_streams:
            self._metrics.write({BRIDGE_FAULTS: 1}, reason="full")
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "")
        return None

    async def take(self, provider: ServerConnection) -> None:
        """Carry one stream, from its first message to its end."""
        self._streams.add(provider)
        self._idle.clear()
        try:
            await self._take(provider)
        except StreamRefusedError as refusal:
            _log.warning("A stream was refused.", extra={"why": str(refusal)})
            await provider.close(POLICY_VIOLATION, "not the stream of a call that is expected")
        except (DoorError, AgentUnreachableError) as fault:
            self._metrics.write({BRIDGE_FAULTS: 1}, reason=type(fault).__name__)
            _log.error("A stream could not be carried.", extra={"why": str(fault)})
            await provider.close(INTERNAL_ERROR)
        except Exception:  # noqa: BLE001 - uncounted, a caller's dead line would be nobody's fault
            self._metrics.write({BRIDGE_FAULTS: 1}, reason="unforeseen")
            _log.exception("A stream could not be carried.")
            await provider.close(INTERNAL_ERROR)
        finally:
            self._streams.discard(provider)
            if not self._streams:
                self._idle.set()

    async def count(self, every_seconds: float) -> None:
        """Publish how many streams there are, again and again: the group of tasks grows by it."""
        while True:
            self._metrics.write({BRIDGED_STREAMS: len(self._streams), BRIDGE_FAULTS: 0})
            await asyncio.sleep(every_seconds)

    async def drain(self, seconds: float) -> None:
        """Take no further stream, and wait for those there are; what is left then is cut."""
        self._draining = True
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("Streams were cut.", extra={"streams": len(self._streams)})
            await asyncio.gather(*(one.close(GOING_AWAY) for one in set(self._streams)))

    async def _take(self, provider: ServerConnection) -> None:
        opening = await read_opening(provider)
        await admit(opening, self._tickets)
        _log.info("A stream begins.", extra={"session_id": opening.session_id})
        agent = await self._connect_agent(opening.session_id)
        try:
            await _introduce(opening, agent)
            async with asyncio.timeout(self._stream_seconds):
                await carry(provider, agent)
        except TimeoutError:
            _log.warning("A stream outlived its call.", extra={"session_id": opening.session_id})
        finally:
            await agent.close()
        _log.info("A stream ended.", extra={"session_id": opening.session_id})


async def _introduce(opening: Opening, agent: ClientConnection) -> None:
    """Tell the agent what the stream began with.

    Raises:
        AgentUnreachableError: It hung up at once.
    """
    try:
        for message in opening.messages:
            await agent.send(message)
    except ConnectionClosed:
        raise AgentUnreachableError(
            f"The agent of session {opening.session_id} let the bridge in and left ({agent.close_code}); its log says why."
        ) from None
