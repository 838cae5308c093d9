"""What callers send to begin a call: which transport, and what their browser offers."""

import re
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from runtime.door.addresses import Addresses
from runtime.door.models import Body
from runtime.door.sdp import MAX_CANDIDATES, check_candidates, taken

WEBSOCKET: Final = "websocket"
WEBRTC: Final = "webrtc"
TRANSPORTS: Final = (WEBSOCKET, WEBRTC)

MAX_SIGNALING_BYTES: Final = 48 * 1024
"""The longest session description and all that JSON escapes in it, or the most candidates."""

MAX_SDP_BYTES: Final = 32 * 1024
"""Chromium 156 offers one audio section and a data channel in 1.5 KB; with everything it can do, 8 KB."""

MAX_CANDIDATE_CHARACTERS: Final = 512
"""What RFC 8839's grammar makes of real addresses has about 200."""

_MAX_MID_CHARACTERS = 64
_MAX_SECTIONS = 16

# Session descriptions are lines of printable ASCII.  A line end inside a candidate would let a caller write
# any line into the description that the agent keeps.
_LINE = r"^[ -~]*$"
_LINES = re.compile(r"v=0\r?\n[ -~\t\r\n]*")


def is_sdp(value: Any) -> bool:
    """Say whether *value* can be a session description."""
    return isinstance(value, str) and len(value) <= MAX_SDP_BYTES and bool(_LINES.fullmatch(value))


def _sdp(value: str) -> str:
    if not is_sdp(value):
        raise PydanticCustomError("sdp", "must be a session description: lines of ASCII from v=0 on")
    return value


class SessionRequest(Body):
    """Asks for a session."""

    transport: Literal["websocket", "webrtc"] = Field(description="How audio travels.")


class Offer(Body):
    """The browser's session description."""

    most_bytes: ClassVar[int] = MAX_SIGNALING_BYTES

    type: Literal["offer"]
    sdp: Annotated[str, AfterValidator(_sdp)] = Field(
        max_length=MAX_SDP_BYTES,
        description="RTCSessionDescription.sdp: one audio section, one data channel.",
    )
    hold: bool = Field(
        False,
        description="The agent waits with its greeting, because the caller has not pressed Call yet.",
    )

    def to_agent(self, addresses: Addresses) -> dict[str, Any]:
        """Return what the agent is asked.

        Raises:
            InvalidRequestError: It is no offer for a call, or leads out of *addresses*.
        """
        sdp = taken(self.sdp, addresses)
        return {"action": "offer", "sdp": sdp, **({"hold": True} if self.hold else {})}


class Candidate(Body):
    """What RTCIceCandidate.toJSON() makes; an empty candidate says that there are no more."""

    candidate: str = Field(
        max_length=MAX_CANDIDATE_CHARACTERS, pattern=r"^(candidate:[ -~]*)?$", description="One line of SDP."
    )
    sdpMid: Annotated[str, Field(max_length=_MAX_MID_CHARACTERS, pattern=_LINE)] | None  # noqa: N815 - W3C's name
    sdpMLineIndex: Annotated[int, Field(ge=0, lt=_MAX_SECTIONS)] | None  # noqa: N815 - W3C's name
    # Browsers send it; the agent knows the sections by their index.
    usernameFragment: str | None = Field(None, max_length=256, exclude=True)  # noqa: N815 - W3C's name


class Candidates(Body):
    """Addresses that the browser found after it made its offer."""

    most_bytes: ClassVar[int] = MAX_SIGNALING_BYTES

    candidates: list[Candidate] = Field(min_length=1, max_length=MAX_CANDIDATES)

    def to_agent(self, addresses: Addresses) -> dict[str, Any]:
        """Return what the agent is told.

        Raises:
            InvalidRequestError: One leads out of *addresses*.
        """
        check_candidates([one.candidate for one in self.candidates], addresses)
        return {"action": "candidates", **self.model_dump()}
