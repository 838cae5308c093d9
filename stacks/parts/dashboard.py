"""One page for the one who is woken, most important row first."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from runtime import metrics
from runtime.metrics import TURN_OVER, Metric
from stacks.door_stack import DoorStack
from stacks.parts.agent_runtime import AgentRuntime
from stacks.parts.call_metric import PERIOD, call_metric
from stacks.parts.call_watches import unaccounted_sessions
from stacks.parts.watch import dashboard_name

# A dashboard is 24 units wide.
WIDTH = 24
HEIGHT = 6
ALARMS_HEIGHT = 4

NO_LIMITS: Mapping[str, Sequence[cloudwatch.HorizontalAnnotation]] = {}

WAKES: Mapping[Metric, str] = {
    metrics.VOICE_TO_VOICE_LATENCY: "SlowAnswers",
    metrics.MODEL_FIRST_AUDIO: "SlowModel",
    metrics.JOIN_TIME: "SlowJoins",
    metrics.TOOL_LATENCY: "SlowTools",
}
"""Which alarm rings when the slowest twentieth of a metric is too slow."""

type Row = list[cloudwatch.IWidget]


class CallDashboard(Construct):
    """Which alarms are on, what callers feel, then the way that audio takes, sessions, tools, cost, AgentCore, the door, and what the logs say."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        alarms: Mapping[str, cloudwatch.Alarm],
        agent: AgentRuntime,
        door: DoorStack,
        relays: Mapping[str, Sequence[cloudwatch.IMetric]] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self._limits = {
            metric: [alarms[name].to_annotation()] for metric, name in WAKES.items() if name in alarms
        }
        rows = [
            [_alarms(list(alarms.values()))],
            self._felt(),
            self._path(),
            _row(relays or {}),
            self._sessions(),
            self._tools(),
            self._phones() if door.telephony else [],
            self._cost(),
            _agentcore(agent),
            _door(door),
            _logs(agent, door),
        ]
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=dashboard_name(stage),
            period_override=cloudwatch.PeriodOverride.AUTO,
            widgets=[row for row in rows if row],
        )

    def _felt(self) -> Row:
        return self._judged_row(
            {
                "Caller stops to answer begins (ms)": metrics.VOICE_TO_VOICE_LATENCY,
                "Model's first audio (ms)": metrics.MODEL_FIRST_AUDIO,
                "Join to greeting (ms)": metrics.JOIN_TIME,
                "Agent wakes (ms)": metrics.WAKE_TIME,
            }
        )

    def _path(self) -> Row:
        return _row(
            {
                "Browsers that found a path, needed TCP or TLS (share)": [
                    self._metric(one, "Average") for one in (metrics.ICE_OUTCOME, metrics.RELAY_PROTOCOL)
                ],
                "Audio lost on the way (%)": self._spread(metrics.PACKET_LOSS),
                "Jitter (ms)": self._spread(metrics.JITTER),
                "There and back (ms)": self._spread(metrics.ROUND_TRIP_TIME),
            }
        )

    def _sessions(self) -> Row:
        lost = (
            metrics.SESSIONS_REFUSED,
            metrics.CALLERS_LIMITED,
            metrics.SESSIONS_REAPED,
            metrics.SESSIONS_OVERDUE,
            metrics.FAILED_CALLS,
        )
        trouble = (metrics.INTERRUPTIONS, metrics.MODEL_RECONNECTS)
        return _row(
            {
                "Sessions open, and those that AgentCore counts besides": [
                    self._metric(metrics.SESSIONS_ACTIVE, "Maximum"),
                    unaccounted_sessions(self._stage),
                ],
                "Turned away, given up, failed": [self._metric(one, "Sum") for one in lost],
                "Length of a call (s)": self._spread(metrics.SESSION_DURATION),
                "Per call, on average": [self._metric(one, "Average") for one in trouble],
            }
        )

    def _tools(self) -> Row:
        return self._judged_row(
            {
                "Tool calls": [self._metric(metrics.TOOL_CALLS, "Sum")],
                "Share of tool calls that failed": [self._metric(metrics.TOOL_ERRORS, "Average")],
                "Silence while a tool works (ms)": metrics.TOOL_LATENCY,
                "Calls handed over to people": [self._metric(metrics.ESCALATIONS, "Sum")],
            }
        )

    def _phones(self) -> Row:
        return _row(
            {
                "Phone calls that were answered with an apology": [
                    self._metric(metrics.PHONE_CALLS_FAILED, "Sum")
                ],
                "Webhooks that were refused": [self._metric(metrics.WEBHOOKS_REFUSED, "Sum")],
                "Phone calls of a task of the bridge": [self._metric(metrics.BRIDGED_STREAMS, "Maximum")],
                "Phone calls that the bridge did not carry": [self._metric(metrics.BRIDGE_FAULTS, "Sum")],
            }
        )

    def _cost(self) -> Row:
        return _row(
            {
                "Model cost of all calls (US$)": [self._metric(metrics.SESSION_COST, "Sum")],
                "Model cost of a call (US$)": self._spread(metrics.SESSION_COST),
                "Model cost of a minute (US$)": self._spread(metrics.COST_PER_ACTIVE_MINUTE),
            }
        )

    def _judged_row(self, graphs: Mapping[str, Metric | Sequence[cloudwatch.Metric]]) -> Row:
        """Draw percentiles of each lone metric, and into them from where on somebody is woken."""
        judged = {title: drawn for title, drawn in graphs.items() if isinstance(drawn, Metric)}
        return _row(
            {
                title: self._spread(drawn) if isinstance(drawn, Metric) else drawn
                for title, drawn in graphs.items()
            },
            {title: self._limits.get(metric, ()) for title, metric in judged.items()},
        )

    def _metric(self, metric: Metric, statistic: str) -> cloudwatch.Metric:
        return call_metric(metric, self._stage, statistic, label=f"{metric.name} {statistic}")

    def _spread(self, metric: Metric) -> list[cloudwatch.Metric]:
        return [self._metric(metric, statistic) for statistic in ("p50", "p95")]


def _alarms(alarms: Sequence[cloudwatch.Alarm]) -> cloudwatch.IWidget:
    """Which are on now; each tells the page that says what to do."""
    return cloudwatch.AlarmStatusWidget(
        title="Alarms",
        alarms=list(alarms),
        width=WIDTH,
        height=ALARMS_HEIGHT,
        sort_by=cloudwatch.AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
    )


def _agentcore(agent: AgentRuntime) -> Row:
    def found(name: str, statistic: str) -> cloudwatch.MathExpression:
        # A search, because AWS does not say which `Operation` a WebSocket session is counted under.
        condition = f'Namespace="AWS/Bedrock-AgentCore" MetricName="{name}" Resource="{agent.arn}"'
        return cloudwatch.MathExpression(
            expression=f"SEARCH('{condition}', '{statistic}')", label="", period=PERIOD, using_metrics={}
        )

    return _row(
        {
            "AgentCore: invocations": [found("Invocations", "Sum")],
            "AgentCore: system errors, throttles": [found("SystemErrors", "Sum"), found("Throttles", "Sum")],
            "AgentCore: latency p95 (ms)": [found("Latency", "p95")],
        }
    )


def _door(door: DoorStack) -> Row:
    api = door.api.api
    return _row(
        {
            "Door: requests and errors": [
                api.metric_count(statistic="Sum", label="requests"),
                api.metric_client_error(statistic="Sum", label="4xx"),
                api.metric_server_error(statistic="Sum", label="5xx"),
            ],
            "Door: latency (ms)": [api.metric_latency(statistic=one, label=one) for one in ("p50", "p95")],
            "Functions: errors, throttles": [
                door.function.metric_errors(statistic="Sum", label="door errors"),
                door.function.metric_throttles(statistic="Sum", label="door throttles"),
                door.reaper.metric_errors(statistic="Sum", label="reaper errors"),
            ],
        }
    )


def _logs(agent: AgentRuntime, door: DoorStack) -> Row:
    ended = ["filter ispresent(SessionDuration)", "stats count(*) as calls by reason"]
    undone = [
        "fields @timestamp, message, fault, detail, reason, session, request_id",
        "filter level in ['WARN', 'WARNING', 'ERROR']",
        "sort @timestamp desc",
        "limit 50",
    ]
    slowest = [
        f"filter message = '{TURN_OVER}'",
        "fields session_id, turn, answer_began_ms - caller_ended_ms as waited_ms, tools.0.tool, tools.0.ms",
        "sort waited_ms desc",
        "limit 20",
    ]
    return [
        _query("Why calls ended", ended, agent.log_group),
        _query("The slowest turns", slowest, agent.log_group),
        _query("What the door could not do", undone, door.function.log_group, door.reaper.log_group),
    ]


def _query(title: str, lines: list[str], *groups: logs.ILogGroup) -> cloudwatch.LogQueryWidget:
    names = [one.log_group_name for one in groups]
    return cloudwatch.LogQueryWidget(
        title=title, log_group_names=names, query_lines=lines, width=WIDTH // 3, height=HEIGHT
    )


def _row(
    graphs: Mapping[str, Sequence[cloudwatch.IMetric]],
    limits: Mapping[str, Sequence[cloudwatch.HorizontalAnnotation]] = NO_LIMITS,
) -> Row:
    return [
        cloudwatch.GraphWidget(
            title=title,
            left=list(drawn),
            left_annotations=list(limits.get(title, ())),
            width=WIDTH // len(graphs),
            height=HEIGHT,
        )
        for title, drawn in graphs.items()
    ]
