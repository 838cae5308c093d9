"""AgentCore's HTTP contract: `/ping`, `/invocations` and `/ws`, as an ASGI application.

AgentCore's own SDK would do: at 0.76 s and 68 MB, reporting `Healthy` during a call, and bound to
127.0.0.1 outside Docker.

Source: https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-http-protocol-contract.html
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from runtime.health import Health
from runtime.preload import Preload
from runtime.settings import RuntimeSettings

type Message = dict[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]

SESSION_HEADER = b"x-amzn-bedrock-agentcore-runtime-session-id"

BODY_BYTES = 4096
"""Largest body of an invocation; a request to wake is 17 bytes."""

_log = logging.getLogger(__name__)


class Agent:
    """Answers AgentCore, and holds the calls that it brings."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._health = Health()
        self._preload = Preload()
        self.broken = asyncio.Event()
        """Set when the agent can never hold a call."""
        self._cloud: Any = None
        self._calls: set[Any] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            await self._talk(scope, receive, send)
        elif scope["type"] == "http":
            status, body = await self._respond(scope, receive)
            await _answer(send, status, body)
        else:
            await self._live(receive, send)

    async def stop(self) -> None:
        """End every call politely, and return when the last is over."""
        from runtime.door.session import Reason  # noqa: PLC0415  # not needed before a call is

        for call in set(self._calls):
            call.end(Reason.STOPPED)
        await self._idle.wait()

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

    async def _respond(self, scope: Mapping[str, Any], receive: Receive) -> tuple[HTTPStatus, Message]:
        match scope["method"], scope["path"]:
            case "GET", "/ping":
                return self._ping()
            case "POST", "/invocations":
                return await self._invoke(await _body(receive))
            case _, "/ping" | "/invocations":
                return HTTPStatus.METHOD_NOT_ALLOWED, {"error": "Use GET /ping or POST /invocations."}
            case _:
                return HTTPStatus.NOT_FOUND, {"error": "There are /ping, /invocations and /ws."}

    def _ping(self) -> tuple[HTTPStatus, Message]:
        if not self._preload.is_ready:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"status": "Starting"}
        return HTTPStatus.OK, dict(self._health.to_json())

    async def _invoke(self, body: bytes) -> tuple[HTTPStatus, Message]:
        try:
            request = json.loads(body)
        except ValueError:
            return HTTPStatus.BAD_REQUEST, {"error": "The body is not JSON."}
        action = request.get("action") if isinstance(request, dict) else None
        if action != "wake":
            return HTTPStatus.BAD_REQUEST, {"error": 'The only action is "wake": {"action": "wake"}.'}
        await self._preload.ready()
        return HTTPStatus.OK, {"status": "awake"}

    async def _talk(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        from runtime.transports.caller_socket import POLICY_VIOLATION, CallerSocket  # noqa: PLC0415

        socket = CallerSocket(receive, send)
        await socket.accept()
        session_id = dict(scope["headers"]).get(SESSION_HEADER, b"").decode("ascii", "replace")
        if scope["path"] != "/ws" or not session_id:
            await socket.close(POLICY_VIOLATION, "a call is made to /ws, with a session id")
            return
        await self._preload.ready()
        from runtime.call import Call  # noqa: PLC0415  # imported by the preload by now
        from runtime.cloud import Cloud  # noqa: PLC0415

        with self._health.call():
            self._cloud = self._cloud or Cloud(self._settings)
            call = Call(session_id, socket, settings=self._settings, cloud=self._cloud, health=self._health)
            await self._hold(call)

    async def _hold(self, call: Any) -> None:
        self._calls.add(call)
        self._idle.clear()
        try:
            await call.hold()
        finally:
            self._calls.discard(call)
            if not self._calls:
                self._idle.set()


async def _body(receive: Receive) -> bytes:
    body = b""
    while len(body) <= BODY_BYTES:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body[:BODY_BYTES]


async def _answer(send: Send, status: HTTPStatus, body: Message) -> None:
    payload = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": payload})
