"""What of the caller's speech reaches the model when the network loses, delays and repeats packets."""

import random
from collections.abc import Iterator

import pytest
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket

from runtime.transports.microphone import Microphone
from runtime.transports.packet_order import PATIENCE_PACKETS, PacketOrder
from runtime.transports.speech import PIECE_BYTES, SpeechEncoder
from scripts.embedded.bedrock.scripted import tone

PACKETS = 1500
"""30 s of speech."""
FIRST = 65_000
"""So that the sequence numbers wrap on the way."""


def arriving(*, lost: float, jitter: float, seed: int = 7) -> Iterator[int]:
    """Yield the numbers of packets as a bad network delivers them; jitter in packets of 20 ms."""
    chance = random.Random(seed)  # noqa: S311  # the same losses in every run
    sent = [number for number in range(PACKETS) if chance.random() >= lost]
    yield from sorted(sent, key=lambda number: number + chance.uniform(0, jitter))


def packet(number: int, payload: bytes = b"-") -> RtpPacket:
    made = RtpPacket(
        payload_type=96, sequence_number=(FIRST + number) % 2**16, timestamp=number * 960, payload=payload
    )
    made._data = payload
    return made


@pytest.mark.parametrize("lost", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("jitter", [0.0, 3.0], ids=["even", "60 ms jitter"])
def test_all_that_arrives_is_heard(lost, jitter):
    """Of every hundred words that crossed the network, no more than one may be lost behind it."""
    encoder, microphone, heard = SpeechEncoder(), Microphone(), bytearray()
    microphone.hear = heard.extend
    speech = tone(0.02 * PACKETS, 24_000)
    payloads = [encoder.encode(speech[at : at + PIECE_BYTES]) for at in range(0, len(speech), PIECE_BYTES)]
    arrived = list(arriving(lost=lost, jitter=jitter))
    for number in arrived:
        microphone.add(packet(number, payloads[number]))

    seconds = len(heard) / 32_000
    assert seconds == pytest.approx(0.02 * len(arrived), rel=0.01)


def test_aiortcs_own_buffer_still_loses_a_fifth():
    """When this fails, aiortc is mended and `Microphone` need not stand in its place."""
    buffer = JitterBuffer(capacity=16, prefetch=4)
    arrived = list(arriving(lost=0.05, jitter=0.0))
    frames = [frame for number in arrived if (frame := buffer.add(packet(number))[1])]

    assert len(frames) < 0.85 * len(arrived)


@pytest.mark.parametrize("jitter", [0.0, 2.0], ids=["even", "40 ms jitter"])
def test_what_is_heard_is_in_order_and_never_late_for_long(jitter):
    """A turn ends when its last word is heard: what lags behind is lag in every answer that follows."""
    order, lags, heard = PacketOrder(), [], []
    for newest, number in enumerate(arriving(lost=0.05, jitter=jitter)):
        for data in order.add((FIRST + number) % 2**16, number.to_bytes(4)):
            heard.append(int.from_bytes(data))
            lags.append(number - heard[-1])
        assert len(order._waiting) <= PATIENCE_PACKETS, newest

    assert heard == sorted(set(heard))
    assert lags[-1] <= PATIENCE_PACKETS
    assert sum(lag <= 0 for lag in lags) > 0.75 * len(lags)  # nothing waits but behind a hole


def test_one_lost_packet_costs_its_own_20_ms():
    """aiortc's buffer keeps the call 200 ms behind from then on."""
    order = PacketOrder()
    released = {
        number: [int.from_bytes(data) for data in order.add(number, number.to_bytes(4))]
        for number in range(20)
        if number != 5
    }

    assert released[4] == [4]
    assert [released[number] for number in (6, 7, 8, 9, 10)] == [[], [], [], [6, 7, 8, 9], [10]]


def test_repeated_and_stale_packets_are_not_heard_again():
    """Networks repeat; a word heard twice is another word."""
    order = PacketOrder()
    heard = [data for number in (1, 2, 2, 1, 3) for data in order.add(number, str(number).encode())]

    assert heard == [b"1", b"2", b"3"]


def test_a_caller_who_comes_back_with_other_numbers_is_heard():
    """A browser that swaps its microphone may begin to count anew."""
    order = PacketOrder()
    heard = [data for number in (10, 11, 40_000, 40_001) for data in order.add(number, str(number).encode())]

    assert heard == [b"10", b"11", b"40000", b"40001"]


def test_nonsense_is_silence():
    """Whoever sends no Opus ends their own speech, not the call."""
    microphone, heard = Microphone(), bytearray()
    microphone.hear = heard.extend
    for number, payload in enumerate((b"", b"\xff" * 3, b"\x00", bytes(200))):
        microphone.add(packet(number, payload))

    assert len(heard) < 32_000
