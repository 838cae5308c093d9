"""The frames of `application/vnd.amazon.eventstream`: lengths, typed headers, payload, two checksums.

Reading is botocore's, writing is the Bedrock SDK's own encoder.  What both leave to their caller is
here: every malformed input becomes one kind of error.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.eventstream import EventStreamBuffer, ParserError
from smithy_aws_event_stream.events import EventMessage

CONTENT_TYPE = "application/vnd.amazon.eventstream"

PRELUDE_BYTES = 12
CHECKSUM_BYTES = 4
# Source: smithy_aws_event_stream.events, MAX_HEADERS_LENGTH and MAX_PAYLOAD_LENGTH.
MAX_HEADERS_BYTES = 128 * 1024
MAX_PAYLOAD_BYTES = 16 * 1024**2


class EventStreamError(ValueError):
    """The bytes are no event stream; nothing after them can be trusted."""


@dataclass(frozen=True, slots=True)
class Message:
    """One frame, its checksums already verified."""

    headers: Mapping[str, Any]
    payload: bytes


def encode(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Frame *payload* under string *headers*."""
    return EventMessage(headers=headers, payload=payload).encode()


class Decoder:
    """Cuts a byte stream that arrives in arbitrary pieces into messages."""

    def __init__(self) -> None:
        self._start = bytearray()
        self._buffer = EventStreamBuffer()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield every message that *data* completes.

        Raises:
            EventStreamError: A length, a checksum or a header is wrong.
        """
        self._start += data
        while frame := self._cut():
            self._buffer.add_data(frame)
            yield self._parse()

    def finish(self) -> None:
        """Check that the stream did not end inside a message.

        Raises:
            EventStreamError: Bytes of an unfinished message remain.
        """
        if self._start:
            raise EventStreamError(f"The event stream ended {len(self._start)} bytes into a message.")

    def _cut(self) -> bytes:
        """Take one whole frame off the start, or nothing while it is incomplete."""
        if len(self._start) < PRELUDE_BYTES:
            return b""
        total, headers = struct.unpack_from("!II", self._start)
        payload = total - headers - PRELUDE_BYTES - CHECKSUM_BYTES
        if headers > MAX_HEADERS_BYTES or not 0 <= payload <= MAX_PAYLOAD_BYTES:
            raise EventStreamError(
                f"An event stream message claims {total} bytes in all and {headers} of headers; "
                f"at most {MAX_HEADERS_BYTES} of headers and {MAX_PAYLOAD_BYTES} of payload are allowed."
            )
        if len(self._start) < total:
            return b""
        frame = bytes(self._start[:total])
        del self._start[:total]
        return frame

    def _parse(self) -> Message:
        try:
            parsed: Any = self._buffer.next()
        # botocore lets what its unpacking meets shine through: a header cut short, of an unknown
        # type, or not in UTF-8.
        except (ParserError, struct.error, UnicodeDecodeError, KeyError, IndexError) as fault:
            raise EventStreamError(
                f"An event stream message is damaged: {type(fault).__name__}: {fault}"
            ) from fault
        return Message(parsed.headers, parsed.payload)
