"""How the caller's audio travelled to the agent, by aiortc's own count."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiortc import RTCRtpTransceiver
from aiortc.stats import RTCInboundRtpStreamStats, RTCRemoteInboundRtpStreamStats

from runtime.metrics import JITTER, MILLISECONDS, PACKET_LOSS, ROUND_TRIP_TIME, Metric

CLOCK_HZ = 48_000
"""In which jitter is counted: Opus always has this clock (RFC 7587, section 4.1)."""

PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFigures:
    """What one connection carried."""

    packets_received: int
    packets_lost: int
    jitter_milliseconds: float
    round_trip_milliseconds: float | None
    """None before the browser has reported what it hears."""


async def measure(audio: RTCRtpTransceiver) -> MediaFigures:
    """Return the figures of a connection's audio, also of one that has failed."""
    heard = (await audio.receiver.getStats()).values()
    streams = [one for one in heard if isinstance(one, RTCInboundRtpStreamStats)]
    reported = (await audio.sender.getStats()).values()
    reports = [one for one in reported if isinstance(one, RTCRemoteInboundRtpStreamStats)]
    # aiortc 1.16 declares a number, and has none as long as no report answers one of its own.
    trips: list[float | None] = [one.roundTripTime for one in reports]
    return MediaFigures(
        packets_received=sum(one.packetsReceived for one in streams),
        # A packet that arrives twice is counted as one that is lost less than never (RFC 3550, A.3).
        packets_lost=max(0, sum(one.packetsLost for one in streams)),
        jitter_milliseconds=max((one.jitter for one in streams), default=0) * MILLISECONDS / CLOCK_HZ,
        round_trip_milliseconds=next((one * MILLISECONDS for one in trips if one is not None), None),
    )


def metrics_of(connections: Sequence[MediaFigures]) -> dict[Metric, float]:
    """Return the metrics of a call from those of its connections; none of a call without a packet."""
    carried = [one for one in connections if one.packets_received]
    if not carried:
        return {}
    received, lost = (
        sum(one.packets_received for one in carried),
        sum(one.packets_lost for one in carried),
    )
    values = {
        PACKET_LOSS: PERCENT * lost / (received + lost),
        JITTER: max(one.jitter_milliseconds for one in carried),
    }
    trips = [one.round_trip_milliseconds for one in carried if one.round_trip_milliseconds is not None]
    if trips:
        values[ROUND_TRIP_TIME] = max(trips)
    return {metric: round(value, 3) for metric, value in values.items()}
