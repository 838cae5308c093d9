"""What a browser measured of its call, and which metrics that makes."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from runtime.door.checks import one_of, read_object
from runtime.door.errors import InvalidRequestError
from runtime.metrics import (
    ICE_OUTCOME,
    JITTER,
    JOIN_TIME,
    PACKET_LOSS,
    RELAY_PROTOCOL,
    ROUND_TRIP_TIME,
    Metric,
)

CANDIDATE_TYPES: Final = ("host", "srflx", "prflx", "relay", None)
"""RTCIceCandidateType of W3C webrtc-pc, and none."""
RELAY_PROTOCOLS: Final = ("udp", "tcp", "tls", None)
"""RTCIceServerTransportProtocol of W3C webrtc-pc, and none."""

# Beyond these a figure is a fault of a clock or a lie, and a single one would bend an average.
_LONGEST_MILLISECONDS = 120_000
_MOST_PACKETS = 10_000_000

_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """One report; nothing where the browser measured nothing."""

    join_milliseconds: float | None
    """From pressing Call to the first audio heard; told once a call."""
    packets_lost: float | None
    packets_received: float | None
    jitter_milliseconds: float | None
    round_trip_milliseconds: float | None
    candidate_type: str | None
    """The browser's end of the path that carries the audio; nothing when it found no path."""
    relay_protocol: str | None
    """How the browser reaches its relay, when that end is one."""

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read the body of a report.

        Raises:
            InvalidRequestError: It is none, or a figure is out of bounds.
        """
        names = [one.name for one in fields(cls)]
        asked = read_object(body, names, example=", ".join(names))
        figures: dict[str, Any] = {name: _figure(asked, name) for name in names[:-2]}
        candidate_type = one_of(asked, "candidate_type", CANDIDATE_TYPES)
        protocol = one_of(asked, "relay_protocol", RELAY_PROTOCOLS)
        if (candidate_type == "relay") != (protocol is not None):
            raise InvalidRequestError("relay_protocol must be told exactly when candidate_type is relay.")
        return cls(**figures, candidate_type=candidate_type, relay_protocol=protocol)

    def metrics(self) -> dict[Metric, float]:
        """Return the metrics that the report makes."""
        measured = {
            JOIN_TIME: self.join_milliseconds,
            PACKET_LOSS: self._loss(),
            JITTER: self.jitter_milliseconds,
            ROUND_TRIP_TIME: self.round_trip_milliseconds,
            ICE_OUTCOME: 0 if self.candidate_type is None else 1,
            RELAY_PROTOCOL: None if self.relay_protocol is None else int(self.relay_protocol != "udp"),
        }
        return {metric: round(value, 3) for metric, value in measured.items() if value is not None}

    def told(self) -> dict[str, str]:
        """Return what stands beside the metrics in the log."""
        return {
            "candidate_type": self.candidate_type or "none",
            "relay_protocol": self.relay_protocol or "none",
        }

    def _loss(self) -> float | None:
        if not self.packets_received or self.packets_lost is None:
            return None
        # Browsers count a packet that arrives twice as one that is lost less than never (RFC 3550, A.3).
        lost = max(0.0, self.packets_lost)
        return _PERCENT * lost / (lost + self.packets_received)


def _figure(asked: Mapping[str, Any], name: str) -> float | None:
    value = asked[name]
    most = _MOST_PACKETS if name.startswith("packets_") else _LONGEST_MILLISECONDS
    least = -most if name == "packets_lost" else 0
    if value is None:
        return None
    if type(value) not in {int, float} or not least <= value <= most:
        raise InvalidRequestError(f"{name} must be null or a number from {least} to {most}.")
    figure: float = value
    return figure
