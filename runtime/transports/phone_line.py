"""The caller on a phone: a provider's media stream, from its first event to the last word heard out."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Self

from pipecat.serializers.base_serializer import FrameSerializer

from runtime.errors import NotAPhoneError
from runtime.transports.caller_socket import NORMAL_CLOSURE, CallerSocket
from runtime.transports.phone_dialects import Dialect, Event, quick

BEGIN_SECONDS = 5.0
"""Longest wait for the event that opens a stream: providers send it with the connection."""

HEARD_OUT_SECONDS = 2.0
"""Longest wait, before hanging up, for the provider to have played the last words."""


class PhoneLine:
    """One phone call's stream."""

    reports_join = False

    def __init__(self, socket: CallerSocket, dialect: Dialect, begun: Event) -> None:
        """Create the line; `begin` is how."""
        self.serializer: FrameSerializer = quick(dialect.serializer(begun))
        self.joined = socket.joined
        self._socket = socket
        self._dialect = dialect
        self._mark = json.dumps(dialect.mark(begun))
        self._stopped = False

    @classmethod
    async def begin(cls, socket: CallerSocket, dialect: Dialect) -> Self:
        """Wait for the event that opens the stream.

        Raises:
            NotAPhoneError: Something else came, or nothing.
        """
        try:
            async with asyncio.timeout(BEGIN_SECONDS):
                async for message in socket.messages():
                    event = read(message)
                    if event.get("event") == dialect.begins:
                        return cls(socket, dialect, event)
                    if event.get("event") != "connected":
                        break
        except TimeoutError:
            raise NotAPhoneError("The provider did not open its stream in time.") from None
        except (KeyError, TypeError, ValueError) as fault:
            raise NotAPhoneError(
                "The provider opened its stream in a format that nobody asked for."
            ) from fault
        raise NotAPhoneError("The provider sent something else than the event that opens its stream.")

    @property
    def is_open(self) -> bool:
        """Whether the caller can still be reached."""
        return self._socket.is_open and not self._stopped

    @property
    def hung_up(self) -> bool:
        """Whether the caller ended the call on purpose, rather than going missing."""
        return self._stopped or self._socket.hung_up

    async def messages(self) -> AsyncIterator[str | bytes]:
        """Yield what is for the serializer, until the call is over."""
        async for message in self._socket.messages():
            kind = read(message).get("event") if isinstance(message, str) else ""
            if kind == self._dialect.ends:
                self._stopped = True
                return
            yield message

    async def send(self, payload: str | bytes) -> bool:
        """Send one message; return whether it could be."""
        return await self._socket.send(payload)

    async def close(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Hang up, unless the caller has; at the end of a conversation, once its last word was heard."""
        if code == NORMAL_CLOSURE and self.is_open:
            await self._hear_out()
        await self._socket.close(code, reason)

    async def _hear_out(self) -> None:
        """Wait until everything was played: what a provider has not played, it drops with the stream."""
        if not await self.send(self._mark):
            return
        try:
            async with asyncio.timeout(HEARD_OUT_SECONDS):
                async for message in self.messages():
                    if isinstance(message, str) and read(message).get("event") == self._dialect.played:
                        return
        except (TimeoutError, ValueError):
            return


def read(message: str | bytes) -> dict[str, Any]:
    """Return an event that a provider sent.

    Raises:
        ValueError: It is none.
    """
    try:
        event = json.loads(message) if isinstance(message, str) else None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(event, dict):
        raise ValueError("not an event")  # noqa: TRY004  # as for text that is no JSON
    return event
