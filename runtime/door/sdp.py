"""What an offer may hold before the agent sees it: one voice, one data channel, and ways to reach the caller."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from runtime.door.addresses import Addresses
from runtime.door.errors import Fault, InvalidRequestError

MAX_CANDIDATES: Final = 32
"""Of one offer or trickle: each makes the agent send packets, and no caller decides how many."""

# Chromium 156 offers 48 lines of at most 117 characters, and one more for each candidate in each section.
_MOST_LINES = 256
_LONGEST_LINE = 1024

# RFC 8866, section 5, without what no browser sends: addresses of people, keys, repetitions.
_TYPES = "vosctabim"

# The sections of a call (RFC 8834, RFC 8841), with any port, and any codecs: the agent chooses Opus.
_AUDIO = re.compile(r"m=audio \d{1,5} (UDP|TCP)/TLS/RTP/SAVPF( \d{1,3}){1,64}")
_CHANNEL = re.compile(r"m=application \d{1,5} (UDP|TCP)/DTLS/SCTP webrtc-datachannel")

# Lines and attributes that the agent's WebRTC reads.  Others are about what it never does, or data of somebody
# for whom an offer is a way in: they stay behind.
_READ_TYPES = "vostcm"
_READ_ATTRIBUTES = frozenset(
    {
        *(
            "candidate",
            "end-of-candidates",
            "extmap",
            "fingerprint",
            "fmtp",
            "group",
            "ice-lite",
            "ice-options",
        ),
        *("ice-pwd", "ice-ufrag", "inactive", "max-message-size", "mid", "msid", "msid-semantic", "recvonly"),
        *("rtcp", "rtcp-fb", "rtcp-mux", "rtpmap", "sctp-port", "sctpmap", "sendonly", "sendrecv", "setup"),
        *("ssrc", "ssrc-group"),
    }
)

# RFC 8839, section 5.1.
_CANDIDATE = re.compile(
    r"candidate:[!-~]{1,64} \d{1,5} [A-Za-z]{1,8} \d{1,10} (?P<address>[!-~]{1,253}) \d{1,5} typ [a-z]{1,16}( .*)?"
)

# The address of the default candidate, or of none yet (RFC 8840, section 4.1.1).  ICE does not use it, and so the
# agent does not, but a caller has no reason to name one inside either.
_DEFAULT = re.compile(r"(?:c=|a=rtcp:\d{1,5} )IN IP[46] (?P<address>[!-~]{1,253})")
_NONE_YET = frozenset({"0.0.0.0", "::", "127.0.0.1", "::1"})  # noqa: S104 - compared, not bound


def taken(offer: str, addresses: Addresses) -> str:
    """Return what the agent is given of *offer*.

    Raises:
        InvalidRequestError: It is no offer for a call, or leads the agent where it must not send.
    """
    lines = offer.splitlines()
    if fault := _offer_fault(lines, addresses):
        raise InvalidRequestError(
            f"The offer cannot be taken: it {fault}.", faults=(Fault(where="sdp", what=fault),)
        )
    return "".join(f"{line}\r\n" for line in lines if _is_read(line))


def check_candidates(candidates: Sequence[str], addresses: Addresses) -> None:
    """Make sure that the agent may send to *candidates*; an empty one says that there are no more.

    Raises:
        InvalidRequestError: It may not; every fault is named.
    """
    found = [(number, candidate_fault(line, addresses)) for number, line in enumerate(candidates) if line]
    faults = tuple(
        Fault(where=f"candidates.{number}.candidate", what=fault) for number, fault in found if fault
    )
    if faults:
        raise InvalidRequestError(
            f"The agent cannot take these: {'; '.join(map(str, faults))}.", faults=faults
        )


def candidate_fault(line: str, addresses: Addresses) -> str:
    """Say what is wrong with the candidate in *line*; empty when nothing is."""
    read = _CANDIDATE.fullmatch(line)
    return addresses.fault(read["address"]) if read else "is not written as RFC 8839 says"


def _offer_fault(lines: Sequence[str], addresses: Addresses) -> str:
    """Return the first fault; who sends one has written the offer by hand."""
    if len(lines) > _MOST_LINES or any(len(line) > _LONGEST_LINE for line in lines):
        return f"has more than {_MOST_LINES} lines, or one of more than {_LONGEST_LINE} characters"
    if any(line[1:2] != "=" or line[0] not in _TYPES for line in lines):
        return "has a line of a type that no browser sends"
    sections = [line for line in lines if line.startswith("m=")]
    audio = [line for line in sections if _AUDIO.fullmatch(line)]
    channels = [line for line in sections if _CHANNEL.fullmatch(line)]
    if len(audio) != 1 or len(channels) > 1 or len(sections) != len(audio) + len(channels):
        return "must have one audio section, at most one data channel, and no other section"
    return next(_address_faults(lines, addresses), "")


def _address_faults(lines: Sequence[str], addresses: Addresses) -> Iterator[str]:
    # Bundled sections may repeat the same candidates.
    candidates = {line.removeprefix("a=") for line in lines if line.startswith("a=candidate:")}
    if len(candidates) > MAX_CANDIDATES:
        yield f"has more than {MAX_CANDIDATES} candidates"
    for candidate in candidates:
        if fault := candidate_fault(candidate, addresses):
            yield f"has a candidate that {fault}"
    for line in lines:
        read = _DEFAULT.fullmatch(line)
        if line.startswith("c=") and not read:
            yield "has a c= line that is not written as RFC 8866 says"
        elif read and read["address"] not in _NONE_YET and (fault := addresses.fault(read["address"])):
            yield f"has a c= or a=rtcp line that {fault}"


def _is_read(line: str) -> bool:
    if line.startswith("a="):
        return line[2:].partition(":")[0] in _READ_ATTRIBUTES
    return line[0] in _READ_TYPES
