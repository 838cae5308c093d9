"""The path that a WebRTC call's audio takes, and how good it is, as the caller's end measured it."""

from dataclasses import dataclass
from typing import Any

RELAY = "relay"
"""As the caller's policy: no address but a relay's.  As a kind of address: that of a relay."""

_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One path; figures are none where nothing arrived to measure them by."""

    policy: str
    """What the door lets callers use: `relay` or `all`."""
    local_type: str
    """Kind of address at the caller's end: `host`, `srflx`, `prflx` or `relay`."""
    remote_type: str
    """The same at the agent's end."""
    relay_url: str | None = None
    """The relay of the caller's end, when it is one."""
    relay_protocol: str | None = None
    """How the caller reaches it: `udp`, `tcp` or `tls`."""
    packets_received: int | None = None
    packets_lost: int | None = None
    jitter_milliseconds: float | None = None
    round_trip_milliseconds: float | None = None
    """To the agent and back, through every relay between."""

    @property
    def relayed(self) -> bool:
        """Whether the caller's audio goes through a relay of theirs, as it must under policy `relay`."""
        return self.local_type == RELAY

    @property
    def loss_percent(self) -> float:
        """Packets that never came, of those that were sent."""
        lost = max(0, self.packets_lost or 0)
        return 100 * lost / max(1, lost + (self.packets_received or 0))

    def rows(self) -> list[tuple[str, str]]:
        """Return what a person wants to know, in order."""
        over = f" over {self.relay_protocol}, {self.relay_url}" if self.relay_url else ""
        sent = (self.packets_received or 0) + (self.packets_lost or 0)
        jitter, round_trip = _shown(self.jitter_milliseconds), _shown(self.round_trip_milliseconds)
        wire = f"{self.loss_percent:.1f} % of {sent} packets lost, jitter {jitter}, round trip {round_trip}"
        return [
            ("Path", f"{self.local_type} to {self.remote_type}{over} (policy: {self.policy})"),
            ("Wire", wire),
        ]


def report(path: Path | None, *, join_seconds: float | None = None) -> dict[str, Any]:
    """Return what the door is told of a call, as the page tells it; no path is an outcome, too."""
    return {
        "join_milliseconds": None if join_seconds is None else round(join_seconds * _MILLISECONDS),
        "packets_lost": path and path.packets_lost,
        "packets_received": path and path.packets_received,
        "jitter_milliseconds": path and path.jitter_milliseconds,
        "round_trip_milliseconds": path and path.round_trip_milliseconds,
        "candidate_type": path and path.local_type,
        "relay_protocol": path and path.relay_protocol,
    }


def _shown(milliseconds: float | None) -> str:
    return "unknown" if milliseconds is None else f"{milliseconds:.1f} ms"
