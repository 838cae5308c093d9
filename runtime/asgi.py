"""The little of HTTP that AgentCore's contract needs: a session's id, a JSON body in, a JSON body out."""

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from runtime.errors import InvocationError

type Message = dict[str, Any]
type Scope = Mapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]

SESSION_HEADER = b"x-amzn-bedrock-agentcore-runtime-session-id"

BODY_BYTES = 96 * 1024
"""Largest body of an invocation: the longest offer has 32 KB, and twice as many with its line ends escaped."""


def session_id_of(scope: Scope) -> str:
    """Return the session that AgentCore brings a request or a WebSocket for; empty if it says none."""
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    return headers.get(SESSION_HEADER, b"").decode("ascii", "replace")


async def read_object(receive: Receive) -> Message:
    """Return the JSON object in the body of a request.

    Raises:
        InvocationError: It is too long, or none.
    """
    try:
        request: Any = json.loads(await _read_body(receive))
    except ValueError as fault:
        raise InvocationError("invalid_request", "The body is not JSON.") from fault
    if not isinstance(request, dict):
        raise InvocationError("invalid_request", "The body is no JSON object.")
    return request


async def _read_body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
        body = body[: BODY_BYTES + 1]  # the rest is read, or nobody would read our answer, and not kept
    if len(body) > BODY_BYTES:
        raise InvocationError(
            "too_large",
            f"The body has more than {BODY_BYTES} bytes.",
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    return body


async def answer(send: Send, status: HTTPStatus, body: Message) -> None:
    """Answer a request with a JSON object."""
    payload = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": payload})
