"""What a minute of media costs beside the model: the way of the agent's voice, and the relays that it takes.

`python -m scripts.costs.media` writes docs/media-costs.md.  Prices are US list prices of us-east-1, October 2026:
there to compare choices, not to replace a bill.
"""

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "media-costs.md"

NAT_USD_PER_GB = 0.045
"""Processed in either direction (aws.amazon.com/vpc/pricing)."""
EGRESS_USD_PER_GB = 0.09
"""Out to the Internet, the first 10 TB a month (aws.amazon.com/ec2/pricing/on-demand)."""
ALLOCATION_USD_PER_MINUTE = 0.12 / 1_000
"""TURN minutes of Kinesis Video, for each allocation (aws.amazon.com/kinesis/video-streams/pricing)."""
MEMORY_USD_PER_GB_HOUR = 0.0169
"""AgentCore Runtime, platform V2; a processor that waits costs nothing (aws.amazon.com/bedrock/agentcore/pricing)."""

PACKETS_PER_SECOND = 50
"""Opus frames of 20 ms, as browsers and aiortc send them."""
HEADER_BYTES = 54
"""IPv4 20, UDP 8, TURN ChannelData 4 (RFC 8656), RTP 12 (RFC 3550), SRTP's tag 10 (RFC 3711)."""

AGENT_GB = 0.134
"""Memory of an idle agent: 98 MB, and 36 MB for aiortc (docs/decisions/webrtc-transport.md)."""
CALL_ALLOCATIONS = 3
"""The browser's two (UDP, and TLS on 443) and the agent's one."""

_SECONDS, _BITS, _GB = 60, 8, 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How one side's speech is sent."""

    name: str
    bits_per_second: float
    """While it speaks."""
    sent_share: float
    """Of the time in which packets leave: everything, or with DTX little more than the words."""

    @property
    def gigabytes_per_minute(self) -> float:
        """Return what travels, headers included."""
        headers = HEADER_BYTES * PACKETS_PER_SECOND * _BITS
        return (self.bits_per_second + headers) * self.sent_share * _SECONDS / _BITS / _GB


# aiortc's encoder is fixed at 96 kbit/s in stereo and sends silence as it sends words.
STOCK = Voice(name="aiortc's own encoder: 96 kbit/s, stereo", bits_per_second=96_000, sent_share=1.0)
# An agent speaks for half of a call; silence leaves in a quarter of the packets at most (`tests/runtime/test_speech.py`).
OURS = Voice(
    name="Hotline's: 32 kbit/s, mono, FEC and DTX", bits_per_second=32_000, sent_share=0.5 + 0.5 * 0.25
)
CALLER = Voice(name="the caller's", bits_per_second=32_000, sent_share=1.0)


def usd_per_minute(agent: Voice, *, allocations: int) -> dict[str, float]:
    """Return what a minute of a call costs, by what is paid for.

    Args:
        agent: How the agent's voice is sent.
        allocations: Of Kinesis Video's relays that the call holds; 0 for relays of our own.
    """
    down, up = agent.gigabytes_per_minute, CALLER.gigabytes_per_minute
    return {
        "NAT gateway": (down + up) * NAT_USD_PER_GB,
        "egress": down * EGRESS_USD_PER_GB,
        "TURN minutes": allocations * ALLOCATION_USD_PER_MINUTE,
    }


def usd_of_waiting(before_call: str, seconds: float) -> float:
    """Return what a page costs that has *before_call* (a knob of `page`) ready for *seconds*, and nobody calls."""
    if before_call == "nothing":
        return 0.0
    allocations = {"agent": 1, "path": CALL_ALLOCATIONS}[before_call]  # a woken agent holds its own
    memory = AGENT_GB * seconds / 3_600 * MEMORY_USD_PER_GB_HOUR
    return memory + allocations * seconds / _SECONDS * ALLOCATION_USD_PER_MINUTE


def render() -> str:
    """Return the page."""
    lines = [
        "| US$ per 1,000 minutes | NAT gateway | egress | TURN minutes | all |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind, allocations in (("managed", CALL_ALLOCATIONS), ("coturn", 0)):
        for voice in (STOCK, OURS):
            costs = usd_per_minute(voice, allocations=allocations)
            cells = [*costs.values(), sum(costs.values())]
            figures = " | ".join(f"{1_000 * one:.3f}" for one in cells)
            lines.append(f"| {kind}; {voice.name} | {figures} |")
    waiting = ["| `page.before_call` | US$ per 1,000 pages that wait a minute |", "| --- | --- |"]
    waiting += [
        f"| `{one}` | {1_000 * usd_of_waiting(one, _SECONDS):.2f} |" for one in ("path", "agent", "nothing")
    ]
    return _PAGE.format(media="\n".join(lines), waiting="\n".join(waiting))


_PAGE = """\
<!-- Written by `python -m scripts.costs.media`; edit that. -->
# What media costs

Beside the model's tokens, a minute of a call costs what its bytes cost on their way, and what its relays cost. Prices are US
list prices of us-east-1, October 2026; coturn's instances are in docs/config.md, since they cost the same without calls.

{media}

The encoder saves bytes in the first place for callers: it halves and more what a phone's network must carry, and what a
relay of our own can serve per core. In money it is a rounding error beside the model.

A page that has things ready before anybody presses Call costs while it waits, until `door.join_seconds` are over. Each
waiting page also holds a place of `door.concurrency`.

{waiting}

What it buys is in the figures of `scripts/bench join`.
"""


if __name__ == "__main__":
    PAGE.write_text(render())
