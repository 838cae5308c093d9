"""How the agent's speech leaves: what it costs to carry, and when."""

import asyncio
import fractions
from types import SimpleNamespace

import numpy as np
import pytest
from aiortc.codecs.opus import OpusDecoder, OpusEncoder
from aiortc.jitterbuffer import JitterFrame
from av import AudioFrame

from runtime.transports import speech as speech_module
from runtime.transports.speech import (
    AHEAD_BYTES,
    PIECE_BYTES,
    PIECE_SAMPLES,
    Speech,
    SpeechEncoder,
    SpeechTrack,
)
from tests.turn import virtual_time

SECONDS = 4
PIECES = 50 * SECONDS


def talk(seconds: int) -> bytes:
    """Return something that Opus finds as hard as a voice: a gliding tone with its overtones, and breath."""
    at = np.arange(seconds * 24_000) / 24_000
    pitch = 2 * np.pi * (120 * at + 15 * np.sin(3 * at))
    voice = sum(np.sin(n * pitch) / n for n in range(1, 20)) * (1 + np.sin(9 * at)) * 2000
    return (voice + np.random.default_rng(3).normal(0, 200, at.size)).astype(np.int16).tobytes()


def pieces(audio: bytes) -> list[bytes]:
    return [audio[at : at + PIECE_BYTES] for at in range(0, len(audio), PIECE_BYTES)]


def aiortcs(audio: bytes) -> list[bytes]:
    """Return the packets of aiortc's own encoder."""
    encoder, packets = OpusEncoder(), []
    for number, piece in enumerate(pieces(audio)):
        frame = AudioFrame.from_ndarray(np.frombuffer(piece, np.int16)[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = (
            24_000,
            number * PIECE_SAMPLES,
            fractions.Fraction(1, 24_000),
        )
        packets += encoder.encode(frame)[0]
    return packets


def test_speech_takes_less_than_half_the_bytes():
    """Relays, NAT gateway and egress are paid by the byte, and so is the caller's phone plan."""
    encoder, audio = SpeechEncoder(), talk(SECONDS)
    ours = sum(len(encoder.encode(piece)) for piece in pieces(audio)) / SECONDS
    theirs = sum(map(len, aiortcs(audio))) / SECONDS

    assert 2_000 < ours < 4_400  # 32 kbit/s, and what in-band FEC takes of it
    assert ours < 0.45 * theirs


def test_silence_takes_next_to_nothing():
    """An agent listens for half of a call, and 40 bytes of headers travel with each packet."""
    encoder = SpeechEncoder()
    for piece in pieces(talk(1)):
        encoder.encode(piece)
    sent = [packet for _ in range(PIECES) if (packet := encoder.encode(bytes(PIECE_BYTES)))]

    assert len(sent) <= 0.25 * PIECES


def test_a_browser_hears_what_was_said():
    """The stock decoder understands it, speech after silence included."""
    encoder, decoder = SpeechEncoder(), OpusDecoder()
    said = [*pieces(talk(1)), *[bytes(PIECE_BYTES)] * 50, *pieces(talk(1))]
    heard = [
        frame
        for number, piece in enumerate(said)
        if (payload := encoder.encode(piece))
        for frame in decoder.decode(JitterFrame(data=payload, timestamp=number * 960))
    ]

    assert np.abs(heard[-10].to_ndarray()).max() > 1000
    assert {frame.sample_rate for frame in heard} == {48_000}


async def test_the_pipeline_writes_no_faster_than_it_is_heard():
    """What has left cannot be interrupted: a caller who talks over the agent must not hear it go on."""
    speech, said = Speech(), 0.0

    async def write() -> None:
        nonlocal said
        for piece in pieces(talk(1)):
            await speech.say(piece)
            said += 0.02

    writing = asyncio.create_task(write())
    for _ in range(10):
        await asyncio.sleep(0)
        speech.next_piece()
    await asyncio.sleep(0)

    assert said <= 0.02 * (10 + AHEAD_BYTES / PIECE_BYTES) + 0.001
    writing.cancel()


async def test_an_interruption_forgets_what_has_not_left():
    """Barge-in is heard at once."""
    speech = Speech()
    saying = asyncio.create_task(speech.say(talk(1)))
    await asyncio.sleep(0)
    speech.interrupt()
    await saying

    assert speech.next_piece() == bytes(PIECE_BYTES)


def test_packets_leave_in_time_and_the_clock_counts_the_silence(monkeypatch):
    """The browser plays by time stamps: silence that is not sent must still have lasted."""

    async def main() -> tuple[list[int], float]:
        clock = asyncio.get_running_loop().time
        monkeypatch.setattr(speech_module, "time", SimpleNamespace(monotonic=clock))
        speech = Speech()
        track = SpeechTrack(speech)
        saying = asyncio.create_task(speech.say(talk(1)[: 5 * PIECE_BYTES]))
        stamps = [(await track.recv()).pts]
        began = clock()
        stamps += [(await track.recv()).pts for _ in range(29)]
        await saying
        return stamps, clock() - began

    stamps, took = virtual_time.run(main())

    assert stamps == sorted(set(stamps))
    assert stamps[-1] - stamps[0] > 29 * 960  # some were not worth sending
    assert took == pytest.approx((stamps[-1] - stamps[0]) / 48_000)
