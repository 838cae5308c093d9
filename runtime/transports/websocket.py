"""Pipecat's transport over the caller's WebSocket, in the protobuf frames of its own client SDKs.

Pipecat's FastAPI transport would do, at 0.25 s of imports for FastAPI's schema machinery; and it hands
every frame that a client cares to send to the pipeline, tool results and transcripts included.
"""

import asyncio
import logging
import time
from typing import Any

from google.protobuf.message import DecodeError
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InputTransportMessageFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.serializers.protobuf import ProtobufFrameSerializer

from runtime.transports.caller_socket import INVALID_PAYLOAD, CallerSocket
from runtime.transports.caller_transport import CallerInput, CallerOutput, CallerTransport
from runtime.transports.line import CALLERS_MESSAGES, HANG_UP, INPUT_SAMPLE_RATE, Ear

_log = logging.getLogger(__name__)


class WebSocketTransport(CallerTransport):
    """Both directions of one call."""

    def __init__(self, socket: CallerSocket, ear: Ear, *, admitted: asyncio.Event) -> None:
        """Create the transport.

        Args:
            socket: Accepted already; it is closed by whoever accepted it.
            ear: Told what goes by.
            admitted: No audio leaves before it is set.
        """
        super().__init__(_Input(socket, ear), _Output(socket, ear, admitted))


class _Input(CallerInput):
    def __init__(self, socket: CallerSocket, ear: Ear) -> None:
        super().__init__(self._read)
        self._socket = socket
        self._ear = ear
        self._serializer = ProtobufFrameSerializer()

    async def _read(self) -> None:
        async for payload in self._socket.payloads():
            try:
                frame = await self._serializer.deserialize(payload)
            except DecodeError:
                _log.warning("The caller sent something that is no Pipecat frame.")
                await self._socket.close(INVALID_PAYLOAD, "not a Pipecat frame")
                break
            await self._take(frame)
        self._ear.caller_left()

    async def _take(self, frame: Frame | None) -> None:
        if isinstance(frame, InputAudioRawFrame):
            if frame.sample_rate != INPUT_SAMPLE_RATE or frame.num_channels != 1:
                _log.warning("The caller's audio is not 16 kHz mono.", extra={"rate": frame.sample_rate})
                await self._socket.close(INVALID_PAYLOAD, "audio must be 16 kHz mono PCM")
                return
            self._ear.heard(frame.audio)
            await self.push_audio_frame(frame)
        elif isinstance(frame, InputTransportMessageFrame) and isinstance(frame.message, dict):
            await self._pass_on(frame.message)

    async def _pass_on(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == HANG_UP:
            self._ear.caller_hung_up()
        elif kind in CALLERS_MESSAGES:
            await self.broadcast_frame(InputTransportMessageFrame, message=message)


class _Output(CallerOutput):
    def __init__(self, socket: CallerSocket, ear: Ear, admitted: asyncio.Event) -> None:
        super().__init__()
        self._socket = socket
        self._ear = ear
        self._admitted = admitted
        self._serializer = ProtobufFrameSerializer()
        self._chunk_seconds = 0.0
        self._next_at = 0.0

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as Pipecat's own
        await super().setup(setup)
        bytes_per_second = self.sample_rate * 2
        self._chunk_seconds = self.audio_chunk_size / bytes_per_second

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            await self._write(frame)
            self._next_at = 0.0

    async def send_message(
        self, frame: OutputTransportMessageFrame | OutputTransportMessageUrgentFrame
    ) -> None:
        await self._write(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Send a chunk, no faster than it plays: what was not sent can still be interrupted."""
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
        return isinstance(payload, bytes) and await self._socket.send(payload)

    async def _wait_for_playback(self) -> None:
        now = time.monotonic()
        self._next_at = max(self._next_at, now) + self._chunk_seconds
        await asyncio.sleep(self._next_at - now - self._chunk_seconds)
