"""AgentCore's HTTP contract: `/ping`, `/invocations` and `/ws`, as an ASGI application.

AgentCore's own SDK would do: at 0.76 s and 68 MB, reporting `Healthy` during a call, and bound to
127.0.0.1 outside Docker.

Source: https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-http-protocol-contract.html
"""

import asyncio
import logging
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from runtime.asgi import Message, Receive, Scope, Send, answer, read_object, session_id_of
from runtime.clock import LedgerClock
from runtime.errors import AgentBrokenError, InvocationError, NotAPhoneError
from runtime.health import Health
from runtime.metrics import FAILED_CALLS, MetricWriter
from runtime.phones import Phones
from runtime.preload import Preload
from runtime.settings.agent import RuntimeSettings
from runtime.signaling import Signaling
from runtime.transports.caller_socket import INTERNAL_ERROR, POLICY_VIOLATION, CallerSocket

if TYPE_CHECKING:  # none of these is imported before there is a call
    from runtime.call import Call
    from runtime.cloud import Cloud
    from runtime.transports.line import Line, MakeTransport
    from runtime.transports.webrtc_line import WebRtcLine

WEBRTC_ACTIONS = frozenset({"offer", "candidates", "relays"})

_log = logging.getLogger(__name__)


class Agent:
    """Answers AgentCore, and holds the calls that it brings."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._health = Health()
        self._preload = Preload(settings.brain_kind)
        self._clock = LedgerClock()
        self.broken = asyncio.Event()
        """Set when the agent can never hold a call."""
        self._cloud: Cloud | None = None
        self._calls: set[Call] = set()
        self._signaling = Signaling(self._begin, MetricWriter(settings.stage))
        self._phones = Phones()
        self._webrtc_calls: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            await self._talk(scope, receive, send)
        elif scope["type"] == "http":
            status, body = await self._respond(scope, receive)
            await answer(send, status, body)
        else:
            await self._live(receive, send)

    async def stop(self) -> None:
        """End every call politely, and return when the last is over."""
        from runtime.door.session import Reason  # noqa: PLC0415  # not needed before a call is

        for call in set(self._calls):
            call.end(Reason.STOPPED)
        await self._idle.wait()
        await asyncio.gather(*self._webrtc_calls, return_exceptions=True)
        await self._signaling.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            event = await receive()
            await send({"type": f"{event['type']}.complete"})
            if event["type"] == "lifespan.startup":
                self._preload.start().add_done_callback(self._look_at)
            else:
                return

    def _look_at(self, loading: asyncio.Task[None]) -> None:
        if not loading.cancelled() and (fault := loading.exception()):
            _log.error("The agent cannot start.", extra={"fault": f"{type(fault).__name__}: {fault}"})
            self.broken.set()

    async def _respond(self, scope: Scope, receive: Receive) -> tuple[HTTPStatus, Message]:
        match scope["method"], scope["path"]:
            case "GET", "/ping":
                return self._ping()
            case "POST", "/invocations":
                return await self._respond_to_invocation(session_id_of(scope), receive)
            case _, "/ping" | "/invocations":
                return HTTPStatus.METHOD_NOT_ALLOWED, {"error": "Use GET /ping or POST /invocations."}
            case _:
                return HTTPStatus.NOT_FOUND, {"error": "There are /ping, /invocations and /ws."}

    def _ping(self) -> tuple[HTTPStatus, Message]:
        if not self._preload.is_ready:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"status": "Starting"}
        return HTTPStatus.OK, dict(self._health.to_json())

    async def _respond_to_invocation(self, session_id: str, receive: Receive) -> tuple[HTTPStatus, Message]:
        try:
            return HTTPStatus.OK, await self._invoke(session_id, await read_object(receive))
        except InvocationError as fault:
            return fault.status, {"error": {"code": fault.code, "message": str(fault)}}

    async def _invoke(self, session_id: str, request: Message) -> Message:
        action = request.get("action")
        if action != "wake" and action not in WEBRTC_ACTIONS:
            raise InvocationError(
                "unknown_action", f"The action must be wake, or {' or '.join(sorted(WEBRTC_ACTIONS))}."
            )
        await self._preload.ready()
        if action == "wake":
            self._clock.hear(request.get("now"))
        if action == "wake" and "line" in request:
            self._phones.expect(session_id, request)
        if action == "wake" and "ice_servers" not in request:
            return {"status": "awake"}
        if not session_id:
            raise InvocationError("no_session", "A call over WebRTC belongs to a session: send its id.")
        return await self._signaling.answer(session_id, request)

    async def _talk(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = CallerSocket(receive, send)
        await socket.accept()
        session_id = session_id_of(scope)
        if scope["path"] != "/ws" or not session_id:
            await socket.close(POLICY_VIOLATION, "a call is made to /ws, with a session id")
            return
        try:
            await self._preload.ready()
        except AgentBrokenError:
            await socket.close(INTERNAL_ERROR, "the agent cannot start")
            return
        from runtime.transports.websocket import WebSocketTransport  # noqa: PLC0415  # imported by the preload

        try:
            phone = await self._phones.answer(session_id, socket)
        except NotAPhoneError:
            return
        if phone:
            await self._hold(session_id, phone.line, phone.make_transport, caller_number=phone.number)
        else:
            await self._hold(session_id, socket, partial(WebSocketTransport, socket))

    def _begin(self, session_id: str, line: "WebRtcLine") -> None:
        """Hold a call over WebRTC in the background: its invocations are short, and AgentCore reads `/ping`."""
        holding = asyncio.create_task(self._hold_over_webrtc(session_id, line))
        self._webrtc_calls.add(holding)
        holding.add_done_callback(self._webrtc_calls.discard)

    async def _hold_over_webrtc(self, session_id: str, line: "WebRtcLine") -> None:
        from runtime.transports.webrtc import WebRtcTransport  # noqa: PLC0415  # imported at the wake

        try:
            await self._hold(session_id, line, partial(WebRtcTransport, line))
        finally:
            await self._signaling.forget(session_id)

    async def _hold(
        self, session_id: str, line: "Line", make_transport: "MakeTransport", *, caller_number: str = ""
    ) -> None:
        with self._health.call():
            try:
                call = self._make_call(session_id, line, make_transport, caller_number=caller_number)
            except Exception:  # noqa: BLE001  # a prompt, a tool or a voice that no call can have: every caller meets it
                _log.exception("A call could not begin.", extra={"session_id": session_id})
                failed = {"session_id": session_id, "reason": "agent_error"}
                MetricWriter(self._settings.stage).write({FAILED_CALLS: 1}, **failed)
                await line.close(INTERNAL_ERROR, "the call could not begin")
                return
            await self._until_over(call)

    def _make_call(
        self, session_id: str, line: "Line", make_transport: "MakeTransport", *, caller_number: str
    ) -> "Call":
        from runtime.call import Call  # noqa: PLC0415  # imported by the preload by now
        from runtime.cloud import Cloud  # noqa: PLC0415

        self._cloud = self._cloud or Cloud(self._settings)
        return Call(
            session_id,
            line,
            make_transport,
            settings=self._settings,
            cloud=self._cloud,
            health=self._health,
            clock=self._clock,
            caller_number=caller_number,
        )

    async def _until_over(self, call: "Call") -> None:
        self._calls.add(call)
        self._idle.clear()
        try:
            await call.hold()
        finally:
            self._calls.discard(call)
            if not self._calls:
                self._idle.set()
