"""The agent's speech over any WebSocket, in the frames of one of Pipecat's serializers."""

import asyncio
import time
from typing import Protocol

from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.serializers.base_serializer import FrameSerializer

from runtime.transports.caller_transport import CallerOutput
from runtime.transports.line import Ear


class Socket(Protocol):
    """What takes the frames."""

    @property
    def is_open(self) -> bool:
        """Whether the caller can still be reached."""

    async def send(self, payload: str | bytes) -> bool:
        """Send one message; return whether it could be."""


class SocketOutput(CallerOutput):
    """Sends speech no faster than it plays: what was not sent can still be interrupted.

    Args:
        socket: Closed by whoever opened it.
        serializer: Puts frames into the other end's words.
        ear: Told what goes by.
        admitted: No audio leaves before it is set.
        ahead_seconds: How much may be sent before it is due, one chunk aside.  A player that can be told to
            forget what it has may get more, and then stutters less.
    """

    def __init__(
        self,
        socket: Socket,
        serializer: FrameSerializer,
        ear: Ear,
        *,
        admitted: asyncio.Event,
        ahead_seconds: float = 0.0,
    ) -> None:
        super().__init__()
        self._socket = socket
        self._serializer = serializer
        self._ear = ear
        self._admitted = admitted
        self._ahead_seconds = ahead_seconds
        self._chunk_seconds = 0.0
        self._next_at = 0.0

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as Pipecat's own
        """Learn how long a chunk lasts."""
        await super().setup(setup)
        bytes_per_second = self.sample_rate * 2
        self._chunk_seconds = self.audio_chunk_size / bytes_per_second

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Let the other end forget what it has not played when the caller interrupts."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            await self._write(frame)
            self._next_at = 0.0

    async def send_message(
        self, frame: OutputTransportMessageFrame | OutputTransportMessageUrgentFrame
    ) -> None:
        """Send what is no audio."""
        await self._write(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Send a chunk, when it is due."""
        await self._admitted.wait()
        plain = OutputAudioRawFrame(frame.audio, frame.sample_rate, frame.num_channels)
        if not await self._write(plain):
            if not self._socket.is_open:
                self._ear.caller_left()
            return False
        if isinstance(frame, TTSAudioRawFrame):
            self._ear.spoke()
        await self._wait_for_playback()
        return True

    async def _write(self, frame: Frame) -> bool:
        payload = await self._serializer.serialize(frame)
        return payload is not None and await self._socket.send(payload)

    async def _wait_for_playback(self) -> None:
        now = time.monotonic()
        self._next_at = max(self._next_at, now) + self._chunk_seconds
        await asyncio.sleep(self._next_at - now - self._chunk_seconds - self._ahead_seconds)
