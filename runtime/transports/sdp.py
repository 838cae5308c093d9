"""Session descriptions as they should have been: what we read of the browser's, and what it reads of ours."""

import ipaddress
import re
from collections.abc import Iterable

CANDIDATE = "candidate:"
_CANDIDATE_LINE = f"a={CANDIDATE}"
_END_OF_CANDIDATES = "a=end-of-candidates"
_SECTION = "m="
_FINGERPRINT = re.compile(r"^a=fingerprint:(.+?)\s*$", re.MULTILINE)
_OPUS = re.compile(r"^a=rtpmap:(\d+) opus/48000/2\s*$", re.MULTILINE | re.IGNORECASE)

# Foundation, component, transport, priority, address, port, "typ", type (RFC 8839, section 5.1).
_LEAST_FIELDS = 8
_TRANSPORT, _ADDRESS = 2, 4

SPEECH_BITS_PER_SECOND = 32_000
"""Opus at this rate carries wideband speech without audible loss (RFC 7587, section 3.1.1: 28 to 40 kbit/s
for fullband speech); a browser left alone chooses about the same, aiortc 96,000 in stereo."""

_SPEECH = ";".join(
    (
        "minptime=10",
        "useinbandfec=1",
        "stereo=0",
        "sprop-stereo=0",
        f"maxaveragebitrate={SPEECH_BITS_PER_SECOND}",
        # The model measures pauses by the silence that it hears, so the browser shall send it.
        "usedtx=0",
    )
)


def spread_candidates(sdp: str) -> str:
    """Return *sdp* with every usable candidate in each of its sections.

    Bundled sections share one transport, and browsers write its candidates into the first.  aiortc 1.16
    keeps those of the last only, so a browser that waits for its candidates and then offers never connects.
    """
    head, *sections = _split(sdp)
    lines = [line for section in sections for line in section]
    candidates = [line for line in lines if line.startswith(_CANDIDATE_LINE) and is_usable(line[2:])]
    shared = [*dict.fromkeys(candidates), *([_END_OF_CANDIDATES] if _END_OF_CANDIDATES in lines else [])]
    kept = [[line for line in section if not _is_about_candidates(line)] for section in sections]
    return _join([*head, *(line for section in kept for line in (*section, *shared))])


def is_usable(candidate: str) -> bool:
    """Say whether the agent may and can send to *candidate*, a line as RTCIceCandidate has it.

    Names under `.local` are a browser's own network, which no agent in a VPC is on, and aiortc would stop
    to ask for them by multicast.  Link-local addresses are where AWS keeps credentials and clocks.
    """
    fields = candidate.split()
    if len(fields) < _LEAST_FIELDS or fields[_TRANSPORT].lower() != "udp":
        return False
    try:
        address = ipaddress.ip_address(fields[_ADDRESS])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return not (mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified or mapped.is_reserved)


def fingerprints(sdp: str) -> frozenset[str]:
    """Return the certificates that *sdp* answers for: another browser connection has another."""
    return frozenset(_FINGERPRINT.findall(sdp))


def ask_for_speech(sdp: str) -> str:
    """Return the answer *sdp* asking the browser for mono speech that survives the loss of a packet."""
    opus = _OPUS.search(sdp)
    if opus is None:
        return sdp
    settings = f"a=fmtp:{opus[1]} "
    lines = [line for line in _lines(sdp) if not line.startswith(settings)]
    place = next(at for at, line in enumerate(lines) if line.startswith(f"a=rtpmap:{opus[1]} "))
    return _join([*lines[: place + 1], settings + _SPEECH, *lines[place + 1 :]])


def _split(sdp: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for line in _lines(sdp):
        if line.startswith(_SECTION):
            parts.append([])
        parts[-1].append(line)
    return parts


def _is_about_candidates(line: str) -> bool:
    return line.startswith(_CANDIDATE_LINE) or line == _END_OF_CANDIDATES


def _lines(sdp: str) -> list[str]:
    return [line for line in sdp.replace("\r\n", "\n").split("\n") if line]


def _join(lines: Iterable[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)
