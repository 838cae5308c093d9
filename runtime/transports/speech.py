"""The agent's speech: from what the pipeline writes to the packets that leave."""

import asyncio
import fractions
import time
from typing import Any

import numpy as np
from aiortc import MediaStreamTrack
from av import AudioFrame, CodecContext, Packet
from av.audio.codeccontext import AudioCodecContext

from runtime.transports.line import OUTPUT_SAMPLE_RATE
from runtime.transports.sdp import SPEECH_BITS_PER_SECOND

PIECE_SECONDS = 0.02
"""A packet of Opus."""
PIECE_SAMPLES = OUTPUT_SAMPLE_RATE // 50
PIECE_BYTES = PIECE_SAMPLES * 2

AHEAD_BYTES = 2 * PIECE_BYTES
"""What may be written ahead of the wire: 40 ms, so that a busy loop does not tear speech apart."""

LATE_SECONDS = 0.2
"""Later than this the clock starts anew, instead of hurrying after time that has passed."""

EXPECTED_LOSS_PERCENT = 10
"""Opus spends part of its bits on repeating the packet before, as for a network that loses this much."""

SILENT_PACKET_BYTES = 2
"""Opus makes packets of at most so many bytes where nothing needs to be sent (RFC 6716, section 2.1.9)."""

_RTP_CLOCK = 48_000  # whatever Opus encodes (RFC 7587, section 4.1)
_SAMPLE = fractions.Fraction(1, OUTPUT_SAMPLE_RATE)
_TICK = fractions.Fraction(1, _RTP_CLOCK)


class Speech:
    """What is to be said next; outlives the connections that carry it."""

    def __init__(self) -> None:
        self._audio = bytearray()
        self._room = asyncio.Event()

    async def say(self, audio: bytes) -> None:
        """Add *audio* (24 kHz, mono, 16 bits), and return when nearly all of it has left."""
        self._audio += audio
        while len(self._audio) > AHEAD_BYTES:
            self._room.clear()
            await self._room.wait()

    def interrupt(self) -> None:
        """Forget what has not left yet."""
        self._audio.clear()
        self._room.set()

    def next_piece(self) -> bytes:
        """Take 20 ms: speech where there is any, then silence."""
        piece = bytes(self._audio[:PIECE_BYTES])
        del self._audio[:PIECE_BYTES]
        self._room.set()
        return piece.ljust(PIECE_BYTES, b"\0")


class SpeechEncoder:
    """Opus for speech: mono, with in-band FEC, and nothing at all where nothing is said.

    aiortc 1.16's own has a fixed 96 kbit/s in stereo, without either.
    """

    def __init__(self) -> None:
        codec = CodecContext.create("libopus", "w")
        assert isinstance(codec, AudioCodecContext)  # noqa: S101  # tells the type checker
        codec.bit_rate = SPEECH_BITS_PER_SECOND
        codec.format, codec.layout, codec.sample_rate = "s16", "mono", OUTPUT_SAMPLE_RATE
        codec.time_base = _SAMPLE
        codec.options = {
            "application": "voip",
            "fec": "1",
            "packet_loss": str(EXPECTED_LOSS_PERCENT),
            "dtx": "1",
        }
        self._codec = codec
        self._samples = 0
        self._was_silent = False

    def encode(self, piece: bytes) -> bytes:
        """Return the packet of 20 ms; nothing if the other end need not hear of it."""
        frame = AudioFrame.from_ndarray(np.frombuffer(piece, np.int16)[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = OUTPUT_SAMPLE_RATE, _SAMPLE, self._samples
        self._samples += PIECE_SAMPLES
        payload = b"".join(bytes(packet) for packet in self._codec.encode(frame))
        # The first silent packet tells the browser to make comfort noise, the others nothing new.
        was_silent, self._was_silent = self._was_silent, len(payload) <= SILENT_PACKET_BYTES
        return b"" if self._was_silent and was_silent else payload


class SpeechTrack(MediaStreamTrack):
    """Speech on one connection; aiortc takes from it what it sends."""

    kind = "audio"

    def __init__(self, speech: Speech) -> None:
        super().__init__()
        self._speech = speech
        self._encoder = SpeechEncoder()
        self._ticks = 0
        self._next_at = 0.0

    async def recv(self) -> "Packet[Any]":
        """Return the next packet worth sending, when it is due."""
        while True:
            await self._wait()
            payload = self._encoder.encode(self._speech.next_piece())
            self._ticks += int(PIECE_SECONDS * _RTP_CLOCK)
            if payload:
                packet = Packet(payload)
                packet.pts, packet.time_base = self._ticks, _TICK
                return packet

    async def _wait(self) -> None:
        now = time.monotonic()
        if now - self._next_at > LATE_SECONDS:
            self._next_at = now
        await asyncio.sleep(self._next_at - now)
        self._next_at += PIECE_SECONDS
