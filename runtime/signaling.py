"""What door and agent say to each other about a call over WebRTC, in invocations of the agent.

    wake        here are relays: find the one that works, take an address on it, and be ready
    offer       here is the browser's offer: answer it; the call goes on by itself
    candidates  here are addresses that the browser found later
    relays      the path has died: here are fresh relays for the next offer

Every one may arrive twice, because the door repeats what is not answered in time.
"""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from runtime.errors import InvocationError
from runtime.metrics import Metric, MetricWriter
from runtime.standby import Standby

if TYPE_CHECKING:  # aiortc is not imported before there is a call over WebRTC
    from runtime.transports.webrtc_line import WebRtcLine

MAX_SDP_CHARACTERS = 32 * 1024
MAX_CANDIDATES = 32
MAX_CANDIDATE_CHARACTERS = 512
"""As `runtime.door.bodies` and `runtime.door.sdp` have them: the door refuses first, and says why."""


class Signaling:
    """The conversations about calls, one for each session.

    Args:
        begin: Holds a call in the background, for a session and its line.
        metrics: Told how the audio of each call travelled.
    """

    def __init__(self, begin: Callable[[str, "WebRtcLine"], None], metrics: MetricWriter) -> None:
        self._begin = begin
        self._metrics = metrics
        self._sessions: dict[str, _Session] = {}

    async def answer(self, session_id: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what *request* says and return the answer.

        Raises:
            InvocationError: It cannot be done.
        """
        match request["action"]:
            case "wake":
                await self._session(session_id).wake(request.get("ice_servers"))
                return {"status": "awake"}
            case "relays":
                await self._known(session_id).relays(request.get("ice_servers"))
                return {"status": "ready"}
            case "offer":
                sdp = await self._known(session_id).offer(request.get("sdp"), request.get("hold", False))
                return {"type": "answer", "sdp": sdp}
            case _:
                await self._known(session_id).candidates(request.get("candidates"))
                return {"status": "ok"}

    async def forget(self, session_id: str) -> None:
        """Give back what is still held for a session whose call is over; it takes no other."""
        if session := self._sessions.get(session_id):
            await session.end()

    async def close(self) -> None:
        """Give everything back."""
        await asyncio.gather(*(session.end() for session in self._sessions.values()))

    def _session(self, session_id: str) -> "_Session":
        if session_id not in self._sessions:
            self._sessions[session_id] = _Session(
                lambda line: self._begin(session_id, line),
                lambda values: self._metrics.write(values, session_id=session_id, heard_by="agent"),
            )
        return self._sessions[session_id]

    def _known(self, session_id: str) -> "_Session":
        if session := self._sessions.get(session_id):
            return session
        raise InvocationError(
            "not_awake", "The session was not woken with relays; wake it first.", status=HTTPStatus.CONFLICT
        )


class _Session:
    def __init__(
        self, begin: Callable[["WebRtcLine"], None], report: Callable[[Mapping[Metric, float]], None]
    ) -> None:
        self._begin = begin
        self._report = report
        self._lock = asyncio.Lock()
        self._standby = Standby()
        self._line: WebRtcLine | None = None
        self._answered: tuple[str, str] = ("", "")
        self._is_over = False

    async def wake(self, listed: Any) -> None:
        from runtime.transports.relays import read_ice_servers  # noqa: PLC0415  # with the call's other parts

        servers = read_ice_servers(listed)
        self._check()
        self._standby.prepare(servers)

    async def relays(self, listed: Any) -> None:
        await self.wake(listed)
        if self._line:
            self._line.expect_return()

    async def offer(self, sdp: Any, hold: Any) -> str:
        if not isinstance(sdp, str) or not 0 < len(sdp) <= MAX_SDP_CHARACTERS or not isinstance(hold, bool):
            raise InvocationError(
                "invalid_offer", f"An offer needs an sdp of at most {MAX_SDP_CHARACTERS} characters."
            )
        async with self._lock:
            self._check()
            if sdp != self._answered[0]:
                self._answered = sdp, await self._answer(sdp, hold=hold)
        return self._answered[1]

    async def candidates(self, listed: Any) -> None:
        lines = _candidates(listed)
        async with self._lock:  # an offer that is being answered comes first
            self._check()
            if self._line is None or self._line.peer is None:
                raise InvocationError("no_offer", "There is no offer yet.", status=HTTPStatus.CONFLICT)
            await self._line.peer.add(lines)

    async def end(self) -> None:
        self._is_over = True
        await self._standby.close()

    def _check(self) -> None:
        # Nobody holds the call of a caller who was given up, though its row may still be being closed.
        if self._is_over or (self._line and self._line.gone.is_set()):
            raise InvocationError(
                "call_over", "The call of this session is over.", status=HTTPStatus.CONFLICT
            )

    async def _answer(self, sdp: str, *, hold: bool) -> str:
        line = self._line
        if line and line.peer and line.peer.belongs_to(sdp):
            return await line.peer.answer(sdp)
        peer = await self._standby.take()
        try:
            answer = await peer.answer(sdp)
            self._check()
        except BaseException:  # whatever it is, the relay's address must not stay taken
            await peer.close()
            raise
        if line is None:
            from runtime.transports.webrtc_line import WebRtcLine  # noqa: PLC0415  # imported with the peer

            line = self._line = WebRtcLine(hold=hold, report=self._report)
            self._begin(line)
        line.take(peer)
        return answer


def _candidates(listed: Any) -> list[str]:
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_CANDIDATES:
        raise InvocationError("invalid_candidates", f"candidates must be a list of 1 to {MAX_CANDIDATES}.")
    lines = [one.get("candidate") if isinstance(one, Mapping) else None for one in listed]
    if not all(isinstance(line, str) and len(line) <= MAX_CANDIDATE_CHARACTERS for line in lines):
        raise InvocationError("invalid_candidates", "Each candidate must be an object with its line.")
    return [str(line) for line in lines]
