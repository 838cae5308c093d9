"""What callers send to begin a call: which transport, and what their browser offers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from runtime.door.checks import has_keys, one_of, read_object
from runtime.door.errors import InvalidRequestError

WEBSOCKET: Final = "websocket"
WEBRTC: Final = "webrtc"
TRANSPORTS: Final = (WEBSOCKET, WEBRTC)

MAX_SDP_BYTES = 32 * 1024
"""Chromium's offer of one audio section and a data channel has 3 KB; with everything it can do, 8 KB."""

MAX_CANDIDATES = 32
MAX_CANDIDATE_CHARACTERS = 512
"""What RFC 8839's grammar makes of real addresses has about 200."""

_EXAMPLE = '{"candidate": "candidate:...", "sdpMid": "0", "sdpMLineIndex": 0}'

_MAX_MID_CHARACTERS = 64
_MAX_SECTIONS = 16

# Session descriptions are lines of printable ASCII.  A line end inside a candidate would let a caller write
# any line into the description that the agent keeps.
_LINE = re.compile(r"[ -~]*")
_LINES = re.compile(r"v=0\r?\n[ -~\t\r\n]*")


def read_transport(body: bytes) -> str:
    """Return the transport that a request for a session asks for.

    Raises:
        InvalidRequestError: The body is anything but an object with a transport that we speak.
    """
    asked = read_object(body, ("transport",), example=f'{{"transport": "{WEBSOCKET}"}}')
    transport: str = one_of(asked, "transport", TRANSPORTS)
    return transport


def read_nothing(body: bytes) -> None:
    """Make sure that a request which needs no body has none.

    Raises:
        InvalidRequestError: It has one.
    """
    if body not in {b"", b"{}"}:
        raise InvalidRequestError("This request takes no body.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The browser's session description."""

    sdp: str
    hold: bool = False
    """Whether the agent waits with its greeting, because the caller has not pressed Call yet."""

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read the body of an offer.

        Raises:
            InvalidRequestError: It is none.
        """
        example = '{"type": "offer", "sdp": "v=0..."}'
        asked = read_object(body, ("type", "sdp"), optional=("hold",), example=example)
        one_of(asked, "type", ("offer",))
        sdp, hold = asked["sdp"], asked.get("hold", False)
        if not is_sdp(sdp):
            raise InvalidRequestError(
                f"sdp must be a session description: lines of ASCII from v=0 on, at most {MAX_SDP_BYTES} bytes."
            )
        if not isinstance(hold, bool):
            raise InvalidRequestError("hold must be true or false.")
        return cls(sdp=sdp, hold=hold)

    def to_agent(self) -> dict[str, Any]:
        """Return what the agent is asked."""
        return {"action": "offer", "sdp": self.sdp, **({"hold": True} if self.hold else {})}


def is_sdp(value: Any) -> bool:
    """Say whether *value* can be a session description."""
    return isinstance(value, str) and len(value) <= MAX_SDP_BYTES and bool(_LINES.fullmatch(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Addresses that the browser found after it made its offer."""

    candidates: tuple[Mapping[str, Any], ...]

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read the body of a trickle.

        Raises:
            InvalidRequestError: It is none.
        """
        asked = read_object(body, ("candidates",), example=f'{{"candidates": [{_EXAMPLE}]}}')
        listed = asked["candidates"]
        if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_CANDIDATES:
            raise InvalidRequestError(f"candidates must be a list of 1 to {MAX_CANDIDATES}.")
        return cls(candidates=tuple(_candidate(one) for one in listed))

    def to_agent(self) -> dict[str, Any]:
        """Return what the agent is told."""
        return {"action": "candidates", "candidates": list(self.candidates)}


def _candidate(value: Any) -> dict[str, Any]:
    """Read what RTCIceCandidate.toJSON() makes; an empty candidate says that there are no more."""
    if not has_keys(value, ("candidate", "sdpMid", "sdpMLineIndex"), ("usernameFragment",)):
        raise InvalidRequestError(f"Each candidate must be as RTCIceCandidate.toJSON() makes it: {_EXAMPLE}.")
    line, mid, index = value["candidate"], value["sdpMid"], value["sdpMLineIndex"]
    if not _is_line(line, MAX_CANDIDATE_CHARACTERS) or not (line.startswith("candidate:") or not line):
        raise InvalidRequestError(
            f"candidate must be empty, or one line that begins with candidate: and has at most "
            f"{MAX_CANDIDATE_CHARACTERS} characters."
        )
    if mid is not None and not _is_line(mid, _MAX_MID_CHARACTERS):
        raise InvalidRequestError(f"sdpMid must be null or one line of at most {_MAX_MID_CHARACTERS}.")
    if index is not None and (type(index) is not int or not 0 <= index < _MAX_SECTIONS):
        raise InvalidRequestError(f"sdpMLineIndex must be null or a number below {_MAX_SECTIONS}.")
    return {"candidate": line, "sdpMid": mid, "sdpMLineIndex": index}


def _is_line(value: Any, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest and bool(_LINE.fullmatch(value))
