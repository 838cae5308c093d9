"""The caller's WebSocket, as ASGI hands it to the agent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

type Message = dict[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]

FRAME_BYTES = 32 * 1024
"""Largest WebSocket message that AgentCore carries, either way.

Source: https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-get-started-websocket.html
(the quotas page says 64 KB; the stricter one holds).
"""

SEND_SECONDS = 5.0
"""A caller who takes nothing for so long is gone, though the connection may not know."""

# Source: RFC 6455, section 7.4.1.
NORMAL_CLOSURE = 1000
GOING_AWAY = 1001
INVALID_PAYLOAD = 1007
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011


class CallerSocket:
    """One connection, which closes once and says how it ended."""

    reports_join = False

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._open = False
        self._lock = asyncio.Lock()
        self.joined = asyncio.Event()
        self.close_code: int | None = None
        """Code of the caller's own closing; nothing while the caller is there."""

    async def accept(self) -> None:
        """Complete the handshake."""
        await self._receive()
        await self._send({"type": "websocket.accept"})
        self._open = True
        self.joined.set()

    @property
    def is_open(self) -> bool:
        """Whether the caller can still be reached."""
        return self._open

    @property
    def hung_up(self) -> bool:
        """Whether the caller closed on purpose, rather than going missing."""
        return self.close_code in {NORMAL_CLOSURE, GOING_AWAY}

    async def payloads(self) -> AsyncIterator[bytes]:
        """Yield binary messages until the caller is gone; text is not part of our own protocol."""
        async for message in self.messages():
            if isinstance(message, bytes):
                yield message

    async def messages(self) -> AsyncIterator[str | bytes]:
        """Yield every message until the caller is gone."""
        while self._open:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self._open = False
                self.close_code = message.get("code", INTERNAL_ERROR)
                return
            if payload := message.get("bytes") or message.get("text"):
                yield payload

    async def send(self, payload: str | bytes) -> bool:
        """Send one message; return whether it could be."""
        if not self._open or len(payload) > FRAME_BYTES:
            return False
        kind = "text" if isinstance(payload, str) else "bytes"
        try:
            async with asyncio.timeout(SEND_SECONDS), self._lock:
                await self._send({"type": "websocket.send", kind: payload})
        except (OSError, RuntimeError):  # how uvicorn says that the peer went in between; or the timeout
            self._open = False
            return False
        return True

    async def close(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Say goodbye, unless either side has."""
        if not self._open:
            return
        self._open = False
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except (OSError, RuntimeError):
            self.close_code = INTERNAL_ERROR
