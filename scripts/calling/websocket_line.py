"""A line over a WebSocket, in Pipecat's protobuf frames."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import Literal, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from scripts.calling.door import Door, Invitation
from scripts.calling.errors import LostError, RefusedError
from scripts.calling.frames import Audio, Message, decode, encode_audio, encode_message
from scripts.calling.line import ABOUT_CLIENT, CLIENT_READY, CLOSE_SECONDS, HANG_UP, message
from scripts.calling.listener import Listener
from scripts.calling.microphone import Microphone
from scripts.calling.path import Path
from scripts.calling.utterance import MICROPHONE_HZ

OPEN_SECONDS = 30
"""Longest wait for the agent to take the call; a cold microVM needs a few seconds."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Never behind a proxy, whatever the environment says."""
LARGEST_FRAME_BYTES = 1024 * 1024
_LONGEST_REFUSAL = 300
"""Characters of the other side's explanation that are repeated."""


def open_line(_door: Door, invitation: Invitation) -> contextlib.AbstractAsyncContextManager["WebSocketLine"]:
    """Go in by the invitation's signed address."""
    return WebSocketLine.open(invitation.url)


class WebSocketLine:
    """A call in progress; use `WebSocketLine.open`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.opened_at = time.monotonic()
        self.ear = Listener()
        self.microphone = Microphone(self._speak)
        self._socket = socket

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, url: str, *, headers: Mapping[str, str] | None = None) -> AsyncIterator[Self]:
        """Connect, say that the client is ready, and stream silence until told otherwise.

        Raises:
            RefusedError: The way in was refused.
        """
        socket = await reach(url, headers or {})
        line = cls(socket)
        tasks = (asyncio.create_task(line._receive()), asyncio.create_task(line._transmit()))
        try:
            await line._tell(CLIENT_READY, ABOUT_CLIENT)
            yield line
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await socket.close()

    async def hang_up(self) -> None:
        """Ask the agent to end the call, and wait until it has."""
        with contextlib.suppress(LostError):
            await self._tell(HANG_UP, {})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._socket.wait_closed(), CLOSE_SECONDS)

    async def path(self) -> Path | None:
        """Return none: a WebSocket's loss and jitter are TCP's to hide."""
        return None

    async def _speak(self, pcm: bytes) -> None:
        await self._socket.send(encode_audio(Audio(pcm, MICROPHONE_HZ)))

    async def _tell(self, kind: str, data: Mapping[str, object]) -> None:
        try:
            await self._socket.send(encode_message(Message(message(kind, data))))
        except ConnectionClosed as closed:
            raise LostError(f"The call ended early: {why_closed(closed)}.") from closed

    async def _receive(self) -> None:
        try:
            while True:
                data = await self._socket.recv()
                self.ear.hear(decode(data if isinstance(data, bytes) else data.encode()))
        except ConnectionClosed as closed:
            self.ear.end(why_closed(closed))
        except ValueError as fault:
            self.ear.end(f"the agent does not speak Pipecat's protocol ({fault})")

    async def _transmit(self) -> None:
        with contextlib.suppress(ConnectionClosed):  # the ear reports it
            await self.microphone.run()


async def reach(url: str, headers: Mapping[str, str]) -> ClientConnection:
    """Connect to the agent.

    Raises:
        RefusedError: The way in was refused.
    """
    try:
        proxy: Literal[True] | None = None if urlsplit(url).hostname in LOOPBACK else True
        return await connect(
            url,
            additional_headers=headers,
            open_timeout=OPEN_SECONDS,
            max_size=LARGEST_FRAME_BYTES,
            compression=None,
            proxy=proxy,
        )
    except (InvalidHandshake, OSError, TimeoutError) as fault:
        raise RefusedError(
            f"The agent could not be reached with the door's way in ({_refusal(fault)}).  Its log says "
            "whether it started."
        ) from fault


def _refusal(fault: Exception) -> str:
    """Say why there is no connection, with what the other side said about it."""
    if isinstance(fault, InvalidStatus):
        said = fault.response.body.decode(errors="replace").strip()[:_LONGEST_REFUSAL]
        return f"HTTP {fault.response.status_code}{f': {said}' if said else ''}"
    return f"{type(fault).__name__}: {fault}"


def why_closed(closed: ConnectionClosed) -> str:
    """Say in words how a connection ended."""
    frame = closed.rcvd
    if frame is None:
        return "the connection was cut"
    return f"the agent closed it ({frame.code}{f', {frame.reason}' if frame.reason else ''})"
