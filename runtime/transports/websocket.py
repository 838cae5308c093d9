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
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InputTransportMessageFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    StartFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from runtime.transports.caller_socket import INVALID_PAYLOAD, CallerSocket
from runtime.transports.line import CALLERS_MESSAGES, HANG_UP, INPUT_SAMPLE_RATE, OUTPUT_SAMPLE_RATE, Ear

_log = logging.getLogger(__name__)


class WebSocketTransport(BaseTransport):
    """Both directions of one call."""

    def __init__(self, socket: CallerSocket, ear: Ear, *, admitted: asyncio.Event) -> None:
        """Create the transport.

        Args:
            socket: Accepted already; it is closed by whoever accepted it.
            ear: Told what goes by.
            admitted: No audio leaves before it is set.
        """
        super().__init__()
        params = TransportParams(
            audio_in_enabled=True,
            audio_in_sample_rate=INPUT_SAMPLE_RATE,
            audio_out_enabled=True,
            audio_out_sample_rate=OUTPUT_SAMPLE_RATE,
            audio_out_end_silence_secs=0,
        )
        self._input = _Input(params, socket, ear)
        self._output = _Output(params, socket, ear, admitted)

    def input(self) -> BaseInputTransport:
        """Return what belongs at the head of the pipeline."""
        return self._input

    def output(self) -> BaseOutputTransport:
        """Return what belongs behind the model."""
        return self._output


class _Input(BaseInputTransport):
    def __init__(self, params: TransportParams, socket: CallerSocket, ear: Ear) -> None:
        super().__init__(params)
        self._socket = socket
        self._ear = ear
        self._serializer = ProtobufFrameSerializer()
        self._reader: asyncio.Task[None] | None = None

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._reader = self.create_task(self._read())

    async def stop(self, frame: EndFrame) -> None:
        await super().stop(frame)
        await self._stop_reading()

    async def cancel(self, frame: CancelFrame) -> None:
        await super().cancel(frame)
        await self._stop_reading()

    async def cleanup(self) -> None:
        await super().cleanup()
        await self._stop_reading()

    async def _stop_reading(self) -> None:
        if self._reader:
            reader, self._reader = self._reader, None
            await self.cancel_task(reader)

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


class _Output(BaseOutputTransport):
    def __init__(
        self, params: TransportParams, socket: CallerSocket, ear: Ear, admitted: asyncio.Event
    ) -> None:
        super().__init__(params)
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

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

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
