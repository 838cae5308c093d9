"""A caller's microphone and earpiece, as aiortc takes and gives audio."""

import asyncio
import fractions
import time
from collections.abc import Callable

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.rtp import RtpPacket
from av import AudioFrame, AudioResampler, CodecContext, Packet

from runtime.transports.packet_order import PacketOrder
from scripts.calling.frames import Audio
from scripts.calling.utterance import FRAME_SECONDS, MICROPHONE_HZ, SAMPLE_BYTES

EARPIECE_HZ = 24_000
"""What the model speaks, and so all that there is to hear."""

PAUSE_SECONDS = 0.1
"""Nothing for longer than this is a pause of the speaker's; for less it is the network's doing."""

WAITING_FRAMES = 2
"""40 ms: enough for a busy machine, and too little to be a delay of the call."""


class VoiceTrack(MediaStreamTrack):
    """Hands on what the microphone sends, at its pace."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._frames: asyncio.Queue[bytes] = asyncio.Queue(WAITING_FRAMES)
        self._samples = 0

    async def send(self, pcm: bytes) -> None:
        """Take a frame of the microphone's."""
        await self._frames.put(pcm)

    async def recv(self) -> AudioFrame:
        """Return it to aiortc."""
        samples = np.frombuffer(await self._frames.get(), np.int16)
        frame = AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.time_base = MICROPHONE_HZ, fractions.Fraction(1, MICROPHONE_HZ)
        frame.pts = self._samples
        self._samples += len(samples)
        return frame


class Earpiece:
    """Stands where aiortc's receiver has its jitter buffer, which would add up to 200 ms of its own.

    What is measured here is the agent and the wire; `runtime.transports.packet_order` says what that buffer does.
    """

    def __init__(self, hear: Callable[[Audio], None]) -> None:
        self._hear = hear
        self._order = PacketOrder()
        self._decoder = CodecContext.create("libopus", "r")
        self._resampler = AudioResampler(format="s16", layout="mono", rate=EARPIECE_HZ)
        self._silent_from: float | None = None

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """Take a packet, as aiortc's jitter buffer does; there is never a frame for aiortc."""
        for payload in self._order.add(packet.sequence_number, packet.payload):
            if pcm := self._decode(payload):
                self._play(pcm, time.monotonic())
        return False, None

    def _play(self, pcm: bytes, now: float) -> None:
        """Hear what arrived, behind the pause before it: a silent agent sends nothing."""
        pause = now - self._silent_from if self._silent_from is not None else 0.0
        if pause > PAUSE_SECONDS:
            self._hear(Audio(bytes(int(pause * EARPIECE_HZ) * SAMPLE_BYTES), EARPIECE_HZ))
        self._silent_from = now + FRAME_SECONDS
        self._hear(Audio(pcm, EARPIECE_HZ))

    def _decode(self, payload: bytes) -> bytes:
        try:
            frames = self._decoder.decode(Packet(payload)) if payload else []
        except av.FFmpegError:  # what is no Opus is not heard
            return b""
        return b"".join(self._resampled(frame) for frame in frames if isinstance(frame, AudioFrame))

    def _resampled(self, frame: AudioFrame) -> bytes:
        frame.pts = None  # holes are left out, so the resampler must not fill them
        return b"".join(one.to_ndarray().tobytes() for one in self._resampler.resample(frame))
