"""What a browser measured of its call, and which metrics that makes."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from runtime.door.models import Body
from runtime.metrics import (
    ICE_OUTCOME,
    JITTER,
    JOIN_TIME,
    PACKET_LOSS,
    RELAY_PROTOCOL,
    ROUND_TRIP_TIME,
    Metric,
)

# Beyond these a figure is a fault of a clock or a lie, and a single one would bend an average.
_LONGEST_MILLISECONDS = 120_000
_MOST_PACKETS = 10_000_000

_PERCENT = 100

# What `_relays_have_a_protocol` checks, for whoever reads the API's document.
_EITHER: list[JsonValue] = [
    {"properties": {"candidate_type": {"const": "relay"}, "relay_protocol": {"type": "string"}}},
    {"properties": {"candidate_type": {"not": {"const": "relay"}}, "relay_protocol": {"type": "null"}}},
]

type _Milliseconds = Annotated[float, Field(ge=0, le=_LONGEST_MILLISECONDS)]


class Stats(Body):
    """One report; null where the browser measured nothing."""

    model_config = ConfigDict(json_schema_extra={"oneOf": _EITHER})

    join_milliseconds: _Milliseconds | None = Field(
        description="From pressing Call to the first audio heard; told once a call."
    )
    packets_lost: Annotated[float, Field(ge=-_MOST_PACKETS, le=_MOST_PACKETS)] | None
    packets_received: Annotated[float, Field(ge=0, le=_MOST_PACKETS)] | None
    jitter_milliseconds: _Milliseconds | None
    round_trip_milliseconds: _Milliseconds | None
    # RTCIceCandidateType and RTCIceServerTransportProtocol of W3C webrtc-pc.
    candidate_type: Literal["host", "srflx", "prflx", "relay"] | None = Field(
        description="The browser's end of the path that carries the audio; null when it found no path."
    )
    relay_protocol: Literal["udp", "tcp", "tls"] | None = Field(
        description="How the browser reaches its relay, exactly when candidate_type is relay."
    )

    @model_validator(mode="after")
    def _relays_have_a_protocol(self) -> Self:
        if (self.candidate_type == "relay") != (self.relay_protocol is not None):
            raise PydanticCustomError(
                "relay_protocol", "relay_protocol must be told exactly when candidate_type is relay"
            )
        return self

    def metrics(self) -> dict[Metric, float]:
        """Return the metrics that the report makes."""
        measured: dict[Metric, float | None] = {
            JOIN_TIME: self.join_milliseconds,
            PACKET_LOSS: self._loss(),
            JITTER: self.jitter_milliseconds,
            ROUND_TRIP_TIME: self.round_trip_milliseconds,
            **self._path(),
        }
        return {metric: round(value, 3) for metric, value in measured.items() if value is not None}

    def told(self) -> dict[str, str]:
        """Return what stands beside the metrics in the log."""
        return {
            "candidate_type": self.candidate_type or "none",
            "relay_protocol": self.relay_protocol or "none",
            "heard_by": "caller",
        }

    def _path(self) -> dict[Metric, float | None]:
        """Count the path once a call, with its join: a long call reports it again and again."""
        if self.candidate_type is None:
            return {ICE_OUTCOME: 0}
        if self.join_milliseconds is None:
            return {}
        by_tcp = None if self.relay_protocol is None else int(self.relay_protocol != "udp")
        return {ICE_OUTCOME: 1, RELAY_PROTOCOL: by_tcp}

    def _loss(self) -> float | None:
        if not self.packets_received or self.packets_lost is None:
            return None
        # Browsers count a packet that arrives twice as one that is lost less than never (RFC 3550, A.3).
        lost = max(0.0, self.packets_lost)
        return _PERCENT * lost / (lost + self.packets_received)
