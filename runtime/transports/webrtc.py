"""Pipecat's transport over WebRTC, in the messages of its own small-webrtc client.

Pipecat's SmallWebRTCTransport would do, at the price of 96 kbit/s for a voice, of 200 ms for each lost
packet, and of calls that end with their path.
"""

import asyncio

from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from runtime.transports.caller_transport import CallerInput, CallerOutput, CallerTransport
from runtime.transports.line import INPUT_SAMPLE_RATE, Ear
from runtime.transports.webrtc_line import WebRtcLine


class WebRtcTransport(CallerTransport):
    """Both directions of one call."""

    def __init__(self, line: WebRtcLine, ear: Ear, *, admitted: asyncio.Event) -> None:
        """Create the transport.

        Args:
            line: Closed by whoever made it.
            ear: Told what goes by.
            admitted: No audio leaves before it is set.
        """
        super().__init__(_Input(line, ear), _Output(line, ear, admitted))


class _Input(CallerInput):
    def __init__(self, line: WebRtcLine, ear: Ear) -> None:
        super().__init__(ear, self._read, self._await_end)
        self._line = line

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


class _Output(CallerOutput):
    def __init__(self, line: WebRtcLine, ear: Ear, admitted: asyncio.Event) -> None:
        super().__init__()
        self._line = line
        self._ear = ear
        self._admitted = admitted

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
