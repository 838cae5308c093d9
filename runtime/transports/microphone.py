"""The caller's speech: from packets to what the model hears."""

import av
from aiortc.rtp import RtpPacket
from av import AudioFrame, AudioResampler, CodecContext, Packet

from runtime.transports.line import INPUT_SAMPLE_RATE, Hear
from runtime.transports.packet_order import PacketOrder


class Microphone:
    """Stands where aiortc's receiver has its jitter buffer, and keeps what it is given.

    So speech is decoded at once and on the event loop (a tenth of a millisecond for 20), instead of in a
    thread of each call's own that hands every frame back to the loop.
    """

    def __init__(self) -> None:
        self.hear: Hear | None = None
        """Told what the caller says."""
        self._order = PacketOrder()
        self._decoder = CodecContext.create("libopus", "r")
        self._resampler = AudioResampler(format="s16", layout="mono", rate=INPUT_SAMPLE_RATE)

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """Take a packet, as aiortc's jitter buffer does; there is never a frame for aiortc."""
        for payload in self._order.add(packet.sequence_number, packet.payload):
            audio = self._decode(payload)
            if audio and self.hear:
                self.hear(audio)
        return False, None

    def _decode(self, payload: bytes) -> bytes:
        if not payload:
            return b""
        try:
            frames = self._decoder.decode(Packet(payload))
        except av.FFmpegError:  # whatever a caller sends that is no Opus is their own silence
            return b""
        return b"".join(self._resampled(frame) for frame in frames if isinstance(frame, AudioFrame))

    def _resampled(self, frame: AudioFrame) -> bytes:
        frame.pts = None  # holes are left out, so the resampler must not fill them
        return b"".join(one.to_ndarray().tobytes() for one in self._resampler.resample(frame))
