"""What the caller hears of the packets that arrive."""

import time

import numpy as np
import pytest
from aiortc.rtp import RtpPacket
from av import AudioFrame, CodecContext

from scripts.calling import webrtc_audio
from scripts.calling.webrtc_audio import EARPIECE_HZ, Earpiece
from tests.scripts.calling.agent import tone


@pytest.fixture
def packets():
    """A second of a tone, in 50 packets."""
    encoder = CodecContext.create("libopus", "w")
    encoder.format, encoder.layout, encoder.sample_rate = "s16", "mono", 48_000
    samples = np.frombuffer(tone(1.0, 48_000), np.int16)
    made = []
    for at in range(0, len(samples), 960):
        frame = AudioFrame.from_ndarray(samples[None, at : at + 960], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, at
        made += [bytes(one) for one in encoder.encode(frame)]
    return [RtpPacket(sequence_number=number, payload=data) for number, data in enumerate(made)]


def test_a_lost_packet_delays_nothing_behind_it(packets):
    """aiortc's own buffer would be 200 ms later from then on, and so would every latency measured."""
    heard = []
    ear = Earpiece(heard.append)
    for packet in [*packets[:10], *packets[11:]]:
        ear.add(packet)

    seconds = sum(len(one.pcm) for one in heard) / 2 / EARPIECE_HZ
    assert seconds == pytest.approx(0.02 * (len(packets) - 1), abs=0.005)


def test_a_pause_is_heard_as_long_as_it_was(packets, monkeypatch):
    """An agent that says nothing sends nothing; words run together are not recognised."""
    heard, now = [], [time.monotonic()]
    monkeypatch.setattr(webrtc_audio.time, "monotonic", lambda: now[0])
    ear = Earpiece(heard.append)
    for packet, passes in zip(packets[:3], (0.02, 0.7, 0.02), strict=True):
        ear.add(packet)
        now[0] += passes

    pauses = [one for one in heard if not any(one.pcm)]
    assert [len(one.pcm) / 2 / EARPIECE_HZ for one in pauses] == [pytest.approx(0.68, abs=0.001)]


def test_noise_on_the_wire_is_not_heard(packets):
    """Nor does it end the call."""
    heard = []
    ear = Earpiece(heard.append)
    ear.add(RtpPacket(sequence_number=0, payload=b"\xff"))
    ear.add(packets[1])

    assert heard
    assert all(one.sample_rate == EARPIECE_HZ for one in heard)
