"""Carry a request or a WebSocket from the caller to the agent and back, unread."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import httpx
from starlette.responses import StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from scripts.embedded.agentcore.errors import AgentError
from scripts.embedded.agentcore.lifecycle import Ending
from scripts.embedded.agentcore.session import Session

SESSION_HEADER = "x-amzn-bedrock-agentcore-runtime-session-id"
CUSTOM_HEADER_PREFIX = "x-amzn-bedrock-agentcore-runtime-custom-"
FRAME_BYTES = 32 * 1024
"""Largest WebSocket message. Source: AWS "Get started with bidirectional streaming" (the quotas page says
64 KB; the stricter of the two is enforced)."""
INVOCATION_SECONDS = 900
"""Source: AgentCore quotas, request timeout 15 minutes."""

_NORMAL, _GOING_AWAY, _TOO_BIG, _INTERNAL_ERROR = 1000, 1001, 1009, 1011
"""WebSocket close codes, RFC 6455 section 7.4.1."""
_NO_STATUS, _ABNORMAL = 1005, 1006
"""Codes that may be reported but never sent."""
_PASSED_ON = ("content-type", "accept", "baggage", "traceparent", "tracestate", "x-amzn-trace-id")


def headers_for_agent(headers: Mapping[str, str], session_id: str) -> dict[str, str]:
    """Return the headers that the agent gets: no signature, no key, nothing of the caller's own connection."""
    passed = {
        name: value
        for name, value in headers.items()
        if name in _PASSED_ON or name.startswith(CUSTOM_HEADER_PREFIX)
    }
    return {**passed, SESSION_HEADER: session_id}


async def invoke(
    session: Session, client: httpx.AsyncClient, headers: Mapping[str, str], body: bytes
) -> StreamingResponse:
    """Send one invocation to the agent and stream its answer.

    Raises:
        AgentError: The agent did not take the request or answered with an error.
    """
    request = client.build_request(
        "POST",
        f"http://{session.url}/invocations",
        content=body,
        headers=headers_for_agent(headers, session.session_id),
        timeout=INVOCATION_SECONDS,
    )
    try:
        answer = await client.send(request, stream=True)
    except httpx.TransportError as fault:
        raise AgentError(f"The agent did not answer the invocation: {type(fault).__name__}.") from None
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        await answer.aclose()
        raise AgentError(
            f"Received error ({answer.status_code}) from runtime. Please check your CloudWatch logs."
        )
    kept = {SESSION_HEADER: session.session_id}
    if "content-type" in answer.headers:
        kept["content-type"] = answer.headers["content-type"]
    return StreamingResponse(_chunks(session, answer), status_code=answer.status_code, headers=kept)


async def _chunks(session: Session, answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_bytes():
            session.touch()
            yield chunk
    finally:
        session.touch()
        await answer.aclose()


async def connect_agent(session: Session, headers: Mapping[str, str]) -> ClientConnection:
    """Open the agent's `/ws`.

    Raises:
        AgentError: The agent did not accept it.
    """
    try:
        return await connect(
            f"ws://{session.url}/ws",
            additional_headers=headers_for_agent(headers, session.session_id),
            max_size=None,
            compression=None,
            proxy=None,
        )
    except (OSError, ConnectionClosed, TimeoutError) as fault:
        raise AgentError(f"The agent did not accept the WebSocket: {type(fault).__name__}.") from None


async def relay(session: Session, caller: WebSocket, agent: ClientConnection) -> None:
    """Carry frames both ways until one side closes or the session ends, then close the other side alike."""
    from_caller = asyncio.create_task(_to_agent(session, caller, agent))
    from_agent = asyncio.create_task(_to_caller(session, caller, agent))
    over = asyncio.create_task(_end_of(session))
    try:
        await asyncio.wait({from_caller, from_agent, over}, return_when=asyncio.FIRST_COMPLETED)
        if from_caller.done():
            await _close_agent(agent, from_caller.result())
        else:
            # The agent dies with its session, and often its connection breaks before the process is seen to end.
            await _close_caller(caller, over.result() if over.done() else from_agent.result())
            await agent.close()
    finally:
        for way in (from_caller, from_agent, over):
            way.cancel()


async def _to_agent(session: Session, caller: WebSocket, agent: ClientConnection) -> int:
    """Carry the caller's frames; returns the code that the caller closed with."""
    while True:
        message = await caller.receive()
        if message["type"] == "websocket.disconnect":
            return int(message.get("code", _NO_STATUS))
        session.touch()
        text = message.get("text")
        with contextlib.suppress(ConnectionClosed):  # the other way will say how it was closed
            await agent.send(message["bytes"] if text is None else text)


async def _to_caller(session: Session, caller: WebSocket, agent: ClientConnection) -> int:
    """Carry the agent's frames; returns the code to close the caller with."""
    with contextlib.suppress(ConnectionClosed):
        async for frame in agent:
            session.touch()
            if len(frame) > FRAME_BYTES:
                return _TOO_BIG
            await (caller.send_text(frame) if isinstance(frame, str) else caller.send_bytes(frame))
    code = agent.close_code
    return _INTERNAL_ERROR if code in {None, _ABNORMAL} else int(code)


async def _end_of(session: Session) -> int:
    await session.over.wait()
    return _INTERNAL_ERROR if session.ending is Ending.CRASHED else _GOING_AWAY


async def _close_agent(agent: ClientConnection, code: int) -> None:
    """Tell the agent how the caller left.

    uvicorn reports a broken line and a close without a status alike; both reach the agent as a broken line.
    """
    if code in {_NO_STATUS, _ABNORMAL}:
        agent.transport.abort()
    else:
        await agent.close(code)


async def _close_caller(caller: WebSocket, code: int) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # the caller closed at the same moment
        await caller.close(_NORMAL if code == _NO_STATUS else code)
