"""Pipecat's transport over WebRTC, in the messages of its own small-webrtc client.

Pipecat's SmallWebRTCTransport would do, at the price of 96 kbit/s for a voice, of 200 ms for each lost
packet, and of calls that end with their path.
"""

import asyncio
from typing import Any

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
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from runtime.transports.line import CALLERS_MESSAGES, HANG_UP, INPUT_SAMPLE_RATE, OUTPUT_SAMPLE_RATE, Ear
from runtime.transports.webrtc_line import WebRtcLine


class WebRtcTransport(BaseTransport):
    """Both directions of one call."""

    def __init__(self, line: WebRtcLine, ear: Ear, *, admitted: asyncio.Event) -> None:
        """Create the transport.

        Args:
            line: Closed by whoever made it.
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
        self._input = _Input(params, line, ear)
        self._output = _Output(params, line, ear, admitted)

    def input(self) -> BaseInputTransport:
        """Return what belongs at the head of the pipeline."""
        return self._input

    def output(self) -> BaseOutputTransport:
        """Return what belongs behind the model."""
        return self._output


class _Input(BaseInputTransport):
    def __init__(self, params: TransportParams, line: WebRtcLine, ear: Ear) -> None:
        super().__init__(params)
        self._line = line
        self._ear = ear
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._tasks = [self.create_task(self._read()), self.create_task(self._await_end())]

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
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            await self.cancel_task(task)

    async def _await_end(self) -> None:
        await self._line.gone.wait()
        self._ear.caller_left()

    async def _read(self) -> None:
        while True:
            received = await self._line.received()
            if isinstance(received, bytes):
                self._ear.heard(received)
                await self.push_audio_frame(InputAudioRawFrame(received, INPUT_SAMPLE_RATE, 1))
            else:
                await self._pass_on(received)

    async def _pass_on(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == HANG_UP:
            self._ear.caller_hung_up()
        elif kind in CALLERS_MESSAGES:
            await self.broadcast_frame(InputTransportMessageFrame, message=message)


class _Output(BaseOutputTransport):
    def __init__(self, params: TransportParams, line: WebRtcLine, ear: Ear, admitted: asyncio.Event) -> None:
        super().__init__(params)
        self._line = line
        self._ear = ear
        self._admitted = admitted

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self._line.speech.interrupt()

    async def send_message(
        self, frame: OutputTransportMessageFrame | OutputTransportMessageUrgentFrame
    ) -> None:
        self._line.send(frame.message)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Say a chunk, no faster than it is heard: what was not said can still be interrupted."""
        await self._admitted.wait()
        await self._line.joined.wait()
        if isinstance(frame, TTSAudioRawFrame):
            self._ear.spoke()
        await self._line.speech.say(frame.audio)
        return True
