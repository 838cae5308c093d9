"""Pipecat's protobuf frames, as far as a caller speaks them.

The caller stays independent of Pipecat: it is the second implementation that shows that the agent
speaks the protocol, and importing Pipecat would cost a second of the call.  The tests hold both
against each other.

Source: pipecat 1.14 `frames/frames.proto`; https://protobuf.dev/programming-guides/encoding/
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

VARINT, LENGTH_DELIMITED = 0, 2
LOW_BITS, MORE = 0x7F, 0x80
"""A byte of a varint: seven bits of the number, and whether another byte follows."""
AUDIO, MESSAGE, INTERRUPTION = 2, 4, 5
"""Field numbers in `Frame`'s oneof; text (1) and transcription (3) are not sent to callers."""
AUDIO_PCM, AUDIO_SAMPLE_RATE, AUDIO_CHANNELS = 3, 4, 5
MESSAGE_DATA = 1


@dataclass(frozen=True, slots=True)
class Audio:
    """Mono 16-bit little-endian PCM."""

    pcm: bytes
    sample_rate: int


@dataclass(frozen=True, slots=True)
class Message:
    """One RTVI message; its `type` says what happened."""

    body: dict[str, Any]

    @property
    def type(self) -> str:
        """The RTVI message type, such as `bot-ready`."""
        return str(self.body.get("type", ""))


@dataclass(frozen=True, slots=True)
class Interruption:
    """The agent gave way to the caller: audio not yet played is to be dropped."""


type Frame = Audio | Message | Interruption


def encode_audio(audio: Audio) -> bytes:
    """Return the wire form of one microphone frame."""
    body = (
        _bytes(AUDIO_PCM, audio.pcm)
        + _number(AUDIO_SAMPLE_RATE, audio.sample_rate)
        + _number(AUDIO_CHANNELS, 1)
    )
    return _bytes(AUDIO, body)


def encode_message(message: Message) -> bytes:
    """Return the wire form of one RTVI message."""
    return _bytes(MESSAGE, _bytes(MESSAGE_DATA, json.dumps(message.body).encode()))


def decode(data: bytes) -> Frame | None:
    """Read one frame; None for kinds that a caller has no use for.

    Raises:
        ValueError: The bytes are not a Pipecat frame.
    """
    for kind, content in _fields(data):
        if not isinstance(content, bytes):
            continue
        if kind == AUDIO:
            fields = dict(_fields(content))
            return Audio(_as_bytes(fields.get(AUDIO_PCM, b"")), _as_int(fields.get(AUDIO_SAMPLE_RATE, 0)))
        if kind == MESSAGE:
            return _message(_as_bytes(dict(_fields(content)).get(MESSAGE_DATA, b"{}")))
        if kind == INTERRUPTION:
            return Interruption()
    return None


def _message(data: bytes) -> Message:
    body = json.loads(data)
    if not isinstance(body, dict):
        raise ValueError(f"An RTVI message is a JSON object, not {type(body).__name__}.")  # noqa: TRY004
    return Message(body)


def _as_bytes(value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    raise ValueError(f"Expected bytes in a frame, got the number {value}.")


def _as_int(value: int | bytes) -> int:
    if isinstance(value, int):
        return value
    raise ValueError(f"Expected a number in a frame, got {len(value)} bytes.")


def _bytes(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | LENGTH_DELIMITED) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | VARINT) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > LOW_BITS:
        out.append(value & LOW_BITS | MORE)
        value >>= 7
    out.append(value)
    return bytes(out)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        value, position = _read_varint(data, position)
        if tag & 7 == LENGTH_DELIMITED:
            if position + value > len(data):
                raise ValueError(f"A frame of {len(data)} bytes ends inside a field of {value}.")
            yield tag >> 3, data[position : position + value]
            position += value
        elif tag & 7 == VARINT:
            yield tag >> 3, value
        else:
            raise ValueError(f"Wire type {tag & 7} does not occur in Pipecat's frames.")


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if position >= len(data):
            break
        byte = data[position]
        position += 1
        value |= (byte & LOW_BITS) << shift
        if byte < MORE:
            return value, position
    raise ValueError("A number in a frame has no end.")
