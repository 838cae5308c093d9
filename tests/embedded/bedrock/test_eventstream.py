"""Whatever arrives, the decoder answers with messages or with its one error."""

import struct
from binascii import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smithy_aws_event_stream.events import EventMessage

from scripts.embedded.bedrock.eventstream import Decoder, EventStreamError, Message, encode

HEADERS = st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=30), max_size=4)


def decode(*pieces: bytes) -> list[Message]:
    decoder = Decoder()
    messages = [message for piece in pieces for message in decoder.feed(piece)]
    decoder.finish()
    return messages


@settings(deadline=None)  # a busy machine takes as long as it takes
@given(HEADERS, st.binary(max_size=200), st.integers(min_value=1, max_value=50))
def test_a_message_survives_any_cutting(headers, payload, size):
    """TCP and HTTP/2 cut where they like."""
    data = encode(headers, payload) * 2
    pieces = [data[start : start + size] for start in range(0, len(data), size)]

    assert decode(*pieces) == [Message(headers, payload)] * 2


@settings(deadline=None)  # a busy machine takes as long as it takes
@given(st.binary(max_size=300))
def test_noise_is_an_error_or_an_unfinished_message(noise):
    """No input may crash a server that others are using."""
    if noise:
        with pytest.raises(EventStreamError):
            decode(noise)
    else:
        assert decode(noise) == []


@settings(deadline=None)  # a busy machine takes as long as it takes
@given(st.data())
def test_a_flipped_bit_is_always_noticed(data):
    """Two checksums cover every byte."""
    frame = bytearray(encode({":event-type": "chunk"}, b"payload"))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(EventStreamError):
        decode(bytes(frame))


@settings(deadline=None)  # a busy machine takes as long as it takes
@given(st.binary(max_size=60), st.binary(max_size=20))
def test_headers_of_nonsense_with_right_checksums_never_crash(headers, payload):
    """A checksum proves transport, not sense."""
    frame = frame_of(headers, payload)
    try:
        (message,) = decode(frame)
    except EventStreamError:
        return
    assert message.payload == payload


@pytest.mark.parametrize("total", [0, 1, 15, 2**31], ids=str)
def test_an_impossible_length_is_refused_before_it_is_waited_for(total):
    """A claim of 2 GB must not make the server hold its breath."""
    start = struct.pack("!II", total, 0)

    with pytest.raises(EventStreamError, match="claims"):
        list(Decoder().feed(start + struct.pack("!I", crc32(start))))


def test_every_header_type_is_understood():
    """The SDK signs with a timestamp and bytes."""
    headers = {"text": "a", "bytes": b"b", "number": 7, "yes": True, "no": False}

    (message,) = decode(EventMessage(headers=headers, payload=b"x").encode())

    assert message.headers == headers


def frame_of(headers: bytes, payload: bytes) -> bytes:
    start = struct.pack("!II", len(headers) + len(payload) + 16, len(headers))
    body = start + struct.pack("!I", crc32(start)) + headers + payload
    return body + struct.pack("!I", crc32(body))
