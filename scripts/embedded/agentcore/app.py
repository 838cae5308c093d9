"""AgentCore's data plane over HTTP: InvokeAgentRuntime, its WebSocket, and StopRuntimeSession.

Source: botocore's `bedrock-agentcore` model for paths, headers and errors; AWS "Get started with
bidirectional streaming" for `/ws`.
"""

import asyncio
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from scripts.embedded.agentcore import forwarding
from scripts.embedded.agentcore.control import DEFAULT_QUALIFIER, ControlPlane, DeployedRuntime
from scripts.embedded.agentcore.errors import AccessError, NotFoundError, ServiceError, ValidationError
from scripts.embedded.agentcore.forwarding import SESSION_HEADER
from scripts.embedded.agentcore.sessions import Sessions
from scripts.embedded.agentcore.signature import Claim, SignedRequest, read_claim, verify
from scripts.embedded.identity import Identity, IdentityRefusedError

_ROUTE = re.compile(r"/runtimes/([^/]+)/(invocations|ws|stopruntimesession)")
_ACTIONS = {
    "invocations": "bedrock-agentcore:InvokeAgentRuntime",
    "ws": "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",
    "stopruntimesession": "bedrock-agentcore:StopRuntimeSession",
}
SESSION_ID_CHARACTERS = range(33, 257)
"""Source: botocore, shape `SessionType`: 33 to 256."""


class DataPlane:
    """The ASGI application.

    Args:
        sessions: The sessions that are up.
        control: What is deployed.
        identity: Who may do what.
        client: For the agents' HTTP.
    """

    def __init__(
        self, *, sessions: Sessions, control: ControlPlane, identity: Identity, client: httpx.AsyncClient
    ) -> None:
        self._sessions = sessions
        self._control = control
        self._identity = identity
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] == "http":
            response = await self._serve_http(Request(scope, receive))
            await response(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._serve_websocket(WebSocket(scope, receive, send))

    async def _serve_http(self, request: Request) -> Response:
        try:
            if request.url.path.startswith("/credentials/"):
                return self._hand_out_keys(request)
            signed = _signed(request.scope, request.method, await request.body())
            call = await self._admit(signed)
            if call.operation == "invocations" and request.method == "POST":
                return await self._invoke(call, signed)
            if call.operation == "stopruntimesession" and request.method == "POST":
                return self._stop(call)
            return JSONResponse({"message": "Method Not Allowed"}, status_code=405)
        except ServiceError as refusal:
            return _refusal(refusal)

    async def _serve_websocket(self, caller: WebSocket) -> None:
        signed = _signed(caller.scope, "GET", b"")
        try:
            call = await self._admit(signed)
            if call.operation != "ws":
                raise NotFoundError(f"{call.operation} is no WebSocket.")
            session = await self._sessions.find_or_start(call.runtime, call.session_id)
            agent = await forwarding.connect_agent(session, signed.headers)
        except ServiceError as refusal:
            await caller.send_denial_response(_refusal(refusal))
            return
        session.touch()
        await caller.accept(headers=[(SESSION_HEADER.encode(), session.session_id.encode())])
        await forwarding.relay(session, caller, agent)

    def _hand_out_keys(self, request: Request) -> Response:
        keys = self._sessions.keys_at(request.url.path)
        if keys is None or not keys.answers(request.headers.get("authorization", "")):
            raise AccessError("These keys are for the agent of the session that they were made for.")
        return JSONResponse(keys.document())

    async def _admit(self, request: SignedRequest) -> "_Call":
        """Verify who calls, that they may, and what they call.

        Raises:
            ServiceError: Any of it does not hold.
        """
        route = _ROUTE.fullmatch(request.raw_path)
        if route is None:
            raise NotFoundError(f"No operation at {request.raw_path}.")
        query = {name: values[-1] for name, values in parse_qs(request.raw_query).items()}
        claim = read_claim(request)
        session_id = _session_id(request, query, claim)
        arn, operation = unquote(route[1]), route[2]
        qualifier = query.get("qualifier", DEFAULT_QUALIFIER)
        await asyncio.to_thread(self._check_caller, claim, request, arn, qualifier, operation)
        runtime = await asyncio.to_thread(self._control.find, arn, qualifier)
        return _Call(operation, runtime, session_id)

    def _check_caller(
        self, claim: Claim, request: SignedRequest, arn: str, qualifier: str, operation: str
    ) -> None:
        try:
            caller = self._identity.authorize(
                access_key=claim.access_key,
                session_token=claim.session_token,
                action=_ACTIONS[operation],
                resources=[arn, f"{arn}/runtime-endpoint/{qualifier}"],
                region=claim.region,
            )
        except IdentityRefusedError as refusal:
            raise AccessError(str(refusal), code=refusal.code) from None
        verify(claim, request, secret=caller.secret, now=datetime.now(UTC))

    async def _invoke(self, call: "_Call", request: SignedRequest) -> Response:
        session = await self._sessions.find_or_start(call.runtime, call.session_id)
        session.touch()
        return await forwarding.invoke(session, self._client, request.headers, request.body)

    def _stop(self, call: "_Call") -> Response:
        if not self._sessions.stop(call.runtime.arn, call.session_id):
            raise NotFoundError(f"Session {call.session_id} is not up.")
        return JSONResponse({}, headers={SESSION_HEADER: call.session_id})


@dataclass(frozen=True, slots=True)
class _Call:
    """An admitted call."""

    operation: str
    runtime: DeployedRuntime
    session_id: str


def _session_id(request: SignedRequest, query: dict[str, str], claim: Claim) -> str:
    """Return the session that the *signature* is for; one that was not signed is no session id.

    Raises:
        ValidationError: It is too short or too long, or header and query differ.
        AccessError: It came unsigned.
    """
    in_query = {name.lower(): value for name, value in query.items()}.get(SESSION_HEADER)
    in_header = request.headers.get(SESSION_HEADER)
    if in_header is not None and not claim.covers(SESSION_HEADER):
        raise AccessError("The session id must be a signed header.", code="InvalidSignatureException")
    if in_header and in_query and in_header != in_query:
        raise ValidationError("The session id in the header and the one in the query differ.")
    session_id = in_header or in_query or str(uuid.uuid4())
    if len(session_id) not in SESSION_ID_CHARACTERS:
        raise ValidationError(
            f"runtimeSessionId has {len(session_id)} characters; "
            f"{SESSION_ID_CHARACTERS.start} to {SESSION_ID_CHARACTERS.stop - 1} are allowed."
        )
    return session_id


def _signed(scope: Scope, method: str, body: bytes) -> SignedRequest:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return SignedRequest(
        method=method,
        raw_path=scope["raw_path"].decode("ascii"),
        raw_query=scope["query_string"].decode("ascii"),
        headers=headers,
        body=body,
    )


def _refusal(refusal: ServiceError) -> JSONResponse:
    body: dict[str, Any] = {"message": str(refusal)}
    if isinstance(refusal, ValidationError):
        body["reason"] = "CannotParse"
    return JSONResponse(body, status_code=refusal.status, headers={"x-amzn-errortype": refusal.code})
