"""Every metric that Hotline publishes, and the writer that publishes them.

Dashboards, alarms and `docs/metrics.md` take names and units from here.  A metric is one JSON line
on stdout in CloudWatch's embedded metric format: the log pipeline turns it into a metric, so neither
the agent nor the door needs an SDK, a permission or a network call for it.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TextIO

NAMESPACE = "Hotline"

DIMENSION = "Stage"
"""The one dimension of every metric.

CloudWatch bills each combination of dimension values as a metric of its own, so what tells one call
from another (session, tool, reason) travels as a field of the log line instead.
"""

MILLISECONDS = 1000
"""In a second."""

TURN_OVER = "A turn is over."
"""The message of the agent's log for each turn of a call (`runtime.turns`), which the dashboard asks for."""


type Emitter = Literal["agent", "door", "agent, door", "telephony", "bridge"]
"""Who publishes a metric; both, when it is one for some transports and the other for the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number that somebody watches."""

    name: str
    unit: Literal["Seconds", "Milliseconds", "Count", "Percent", "None"]
    """A unit of CloudWatch's; `None` is what it calls money."""
    emitted_by: Emitter
    meaning: str


JOIN_TIME = Metric(
    name="JoinTime",
    unit="Milliseconds",
    emitted_by="agent, door",
    meaning="How long a caller waits for the greeting. Over WebSocket the agent measures it, from the "
    "accepted socket to the first audio sent; over WebRTC the browser does, from pressing Call to the first "
    "audio heard, and the door passes it on. Once a call.",
)
WAKE_TIME = Metric(
    name="WakeTime",
    unit="Milliseconds",
    emitted_by="door",
    meaning="From asking AgentCore for the agent of a new session to its answer: how long a microVM takes to start. "
    "Callers wait for it only when they press Call before it is over.",
)
MODEL_FIRST_AUDIO = Metric(
    name="ModelFirstAudio",
    unit="Milliseconds",
    emitted_by="agent",
    meaning="From asking the model (greeting or typed text) or from its transcript of what the caller "
    "said, to its first audio. Once an answer.",
)
VOICE_TO_VOICE_LATENCY = Metric(
    name="VoiceToVoiceLatency",
    unit="Milliseconds",
    emitted_by="agent",
    meaning="From the last audible sound of the caller's turn arriving at the agent to the first audio "
    "of the answer leaving it, tools included. Network and the caller's device come on top.",
)
INTERRUPTIONS = Metric(
    name="Interruptions",
    unit="Count",
    emitted_by="agent",
    meaning="Answers that the caller talked over, as the model reports them. Once a call.",
)
TOOL_CALLS = Metric(
    name="ToolCalls",
    unit="Count",
    emitted_by="agent",
    meaning="Tools that the model called; the field `tool` says which.",
)
TOOL_ERRORS = Metric(
    name="ToolErrors",
    unit="Count",
    emitted_by="agent",
    meaning="Tool calls that failed or missed their deadline; 0 for each that did not.",
)
TOOL_LATENCY = Metric(
    name="ToolLatency",
    unit="Milliseconds",
    emitted_by="agent",
    meaning="How long the caller waited for a tool.",
)
MODEL_RECONNECTS = Metric(
    name="ModelReconnects",
    unit="Count",
    emitted_by="agent",
    meaning="Model streams beyond the first that a call needed, planned hand-overs before the eight-minute "
    "limit included. Once a call.",
)
ESCALATIONS = Metric(
    name="Escalations",
    unit="Count",
    emitted_by="agent",
    meaning="1 for a call that was handed over to a person, 0 for every other, so the sum counts them and the "
    "average is their share.  Once a call.",
)
SESSION_DURATION = Metric(
    name="SessionDuration",
    unit="Seconds",
    emitted_by="agent",
    meaning="From the accepted socket to the end of the call; the field `reason` says why it ended.",
)
FAILED_CALLS = Metric(
    name="FailedCalls",
    unit="Count",
    emitted_by="agent",
    meaning="1 for a call that ended because the agent failed or the model could not be had, 0 for every "
    "other; the field `reason` says which. Once a call.",
)
SESSION_COST = Metric(
    name="SessionCost",
    unit="None",
    emitted_by="agent",
    meaning="US$ that the call's model tokens cost at list price.",
)
COST_PER_ACTIVE_MINUTE = Metric(
    name="CostPerActiveMinute",
    unit="None",
    emitted_by="agent",
    meaning="SessionCost by SessionDuration in minutes.",
)
SESSIONS_ACTIVE = Metric(
    name="SessionsActive",
    unit="Count",
    emitted_by="door",
    meaning="Sessions that are open or active in the ledger.",
)
SESSIONS_REFUSED = Metric(
    name="SessionsRefused",
    unit="Count",
    emitted_by="door",
    meaning="Requests for a session that the stage turned away; the field `reason` says whether every place "
    "was taken (`concurrency`) or the budget spent (`budget`).",
)
CALLERS_LIMITED = Metric(
    name="CallersLimited",
    unit="Count",
    emitted_by="door",
    meaning="Requests for a session from callers who have as many as one caller may, or from guests when all "
    "places of guests are taken.",
)
SESSIONS_REAPED = Metric(
    name="SessionsReaped",
    unit="Count",
    emitted_by="door",
    meaning="Sessions that the reaper ended: nobody joined, the agent fell silent or ignored a limit, or a door "
    "died on the way.",
)
SESSIONS_OVERDUE = Metric(
    name="SessionsOverdue",
    unit="Count",
    emitted_by="door",
    meaning="Of those, sessions that an agent or a door should have ended and did not: all but those that nobody joined.",
)
WEBHOOKS_REFUSED = Metric(
    name="WebhooksRefused",
    unit="Count",
    emitted_by="telephony",
    meaning="Requests to the telephony entries that no provider of the stage's has just signed, or that came twice. "
    "Many are an attack, or a provider's secret that has changed.",
)
PHONE_CALLS_FAILED = Metric(
    name="PhoneCallsFailed",
    unit="Count",
    emitted_by="telephony",
    meaning="Phone calls that were answered with an apology, because something that a session needs did not "
    "answer; a zero for each that was taken.",
)
PACKET_LOSS = Metric(
    name="PacketLoss",
    unit="Percent",
    emitted_by="agent, door",
    meaning="Share of audio packets that never arrived: the agent's at the browser, by its own count, through the door; "
    "the caller's at the agent, once a call over WebRTC.  The field `heard_by` says whose ears.",
)
JITTER = Metric(
    name="Jitter",
    unit="Milliseconds",
    emitted_by="agent, door",
    meaning="How unevenly audio packets arrived (RFC 3550), at the browser or at the agent; the field `heard_by` says "
    "which.",
)
ROUND_TRIP_TIME = Metric(
    name="RoundTripTime",
    unit="Milliseconds",
    emitted_by="agent, door",
    meaning="From one end to the other and back over the path that carries the audio, relays included; the field "
    "`heard_by` says which end measured it.",
)
ICE_OUTCOME = Metric(
    name="IceOutcome",
    unit="Count",
    emitted_by="door",
    meaning="1 for a browser that found a path to the agent, 0 for one that found none or lost its own for good, so "
    "the average is the share that did; the field `candidate_type` says which end of it the browser used.",
)
RELAY_PROTOCOL = Metric(
    name="RelayProtocol",
    unit="Count",
    emitted_by="door",
    meaning="1 for a relayed browser that had to reach its relay over TCP or TLS, 0 for one over UDP, so the "
    "average is the share of networks that block UDP; the field `relay_protocol` says which it was.",
)

BRIDGED_STREAMS = Metric(
    name="BridgedStreams",
    unit="Count",
    emitted_by="bridge",
    meaning="Phone calls that a task of the bridge carries; each task says so once a minute, and the number of "
    "tasks follows it.",
)
BRIDGE_FAULTS = Metric(
    name="BridgeFaults",
    unit="Count",
    emitted_by="bridge",
    meaning="Streams that the bridge did not carry though they may have been genuine: it was full, or something "
    "that it needs did not answer; the field `reason` says which.  A zero once a minute.",
)

METRICS = tuple(value for value in list(globals().values()) if isinstance(value, Metric))


class MetricWriter:
    """Publishes metrics of one stage."""

    def __init__(self, stage: str, *, out: TextIO | None = None) -> None:
        self._stage = stage
        self._out = out

    def write(self, values: Mapping[Metric, float], **fields: str | float) -> None:
        """Publish values measured now.

        Args:
            values: One line carries them all.
            fields: What Logs Insights may ask for, such as `session_id` or `reason`; never what a
                caller said, nor who they are.
        """
        line = json.dumps(self._record(values) | fields, separators=(",", ":"))
        out = self._out or sys.stdout  # looked up late: tests and Lambda replace it
        out.write(line + "\n")
        out.flush()

    def _record(self, values: Mapping[Metric, float]) -> dict[str, object]:
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [[DIMENSION]],
            "Metrics": [{"Name": metric.name, "Unit": metric.unit} for metric in values],
        }
        header = {"Timestamp": int(time.time() * MILLISECONDS), "CloudWatchMetrics": [directive]}
        named = {metric.name: value for metric, value in values.items()}
        return {"_aws": header, DIMENSION: self._stage, **named}
