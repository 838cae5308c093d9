"""What is watched about calls: the numbers that mean a caller suffers or money is lost."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from runtime import metrics
from stacks.config import MonitoringConfig
from stacks.parts.call_metric import FEW_CALLS_WINDOW, PERIOD, beyond_share, call_metric
from stacks.parts.watch import BELOW, Watch

# The model's first audio comes 735 to 929 ms after the caller stopped (test of 2.5 Sonic in eu-north-1).
# Twice that is not the usual spread.
MODEL_FIRST_AUDIO_P95_MILLISECONDS = 1_500

# A greeting is one answer of the model, plus opening its stream.
JOIN_P95_MILLISECONDS = 4_000

# While a tool works, the line is silent; the caller starts to talk into it after two seconds.
TOOL_P95_MILLISECONDS = 2_000
# One look-up in twenty: below, it is mistyped numbers and the database's odd hiccup.
FAILED_TOOL_SHARE = 0.05

# Some networks let nothing through whatever a relay does; one browser in ten is more than those.
PATHS_LOST_SHARE = 0.1

# One call in fifty may meet a fault that passes.
FAILED_CALL_SHARE = 0.02

# One beyond any share may be chance; a second one has a cause.
BEYOND_SHARE = 1

# US$0.0084 a minute is expected at list prices (`RuntimeConfig.call_seconds`); three and a half times that is a fault
# or an abuse.
COST_PER_MINUTE_USD = 0.03
SECONDS_IN_A_MINUTE = 60

# What all calls of three hours may cost beyond it: a call that ends in its greeting, which is billed whole, is dear by
# the minute and costs a fifth of a cent.
EXCESS_COST_USD = 0.5

# Some callers close the page before the call; several in a quarter of an hour is something else.
REAPED_IN_QUARTER_HOUR = 5


# Three times five minutes: longer than a call's microVM lives on after it, and than metrics are late.
UNACCOUNTED_PERIODS = 3


def call_watches(stage: str, config: MonitoringConfig) -> tuple[Watch, ...]:
    """Return the alarms on what agent, door and reaper publish."""
    return (
        *_answers(stage, config),
        *_paths(stage),
        *_tools(stage),
        *_sessions(stage),
        _unaccounted(stage, config),
    )


def unaccounted_sessions(stage: str) -> cloudwatch.MathExpression:
    """Return how many sessions AgentCore counts that the ledger does not know.

    An agent's microVM is idle for a while after its call, and counted: calls that have just ended are known.
    AgentCore publishes one count for the account and Region, with no runtime in it.
    Source: "AgentCore generated runtime observability data", AgentCore developer guide.
    """
    counted = cloudwatch.Metric(
        namespace="AWS/Bedrock-AgentCore",
        metric_name="ActiveSessionCount",
        dimensions_map={"Service": "AgentCore.Runtime"},
        statistic="Minimum",
        period=PERIOD,
    )
    return cloudwatch.MathExpression(
        expression="FILL(counted, 0) - FILL(known, 0) - FILL(ended, 0)",
        using_metrics={
            "counted": counted,
            "known": call_metric(metrics.SESSIONS_ACTIVE, stage, "Maximum"),
            "ended": call_metric(metrics.SESSION_DURATION, stage, "SampleCount"),
        },
        label="SessionsUnaccounted",
        period=PERIOD,
    )


def _unaccounted(stage: str, config: MonitoringConfig) -> Watch:
    return Watch(
        name="SessionsUnaccounted",
        meaning="AgentCore runs sessions that the ledger does not know, so nothing of ours ends them.",
        metric=unaccounted_sessions(stage),
        threshold=config.other_agents_sessions,
        periods=UNACCOUNTED_PERIODS,
        of_which=UNACCOUNTED_PERIODS,
    )


def _answers(stage: str, config: MonitoringConfig) -> tuple[Watch, ...]:
    return (
        Watch(
            name="SlowAnswers",
            meaning="Callers wait too long for an answer.",
            metric=call_metric(metrics.VOICE_TO_VOICE_LATENCY, stage, "p95"),
            threshold=config.voice_to_voice_p95_milliseconds,
            periods=3,
            of_which=2,
        ),
        Watch(
            name="SlowModel",
            meaning="The model takes too long to begin an answer.",
            metric=call_metric(metrics.MODEL_FIRST_AUDIO, stage, "p95"),
            threshold=MODEL_FIRST_AUDIO_P95_MILLISECONDS,
            periods=3,
            of_which=2,
        ),
        Watch(
            name="SlowJoins",
            meaning="Callers wait too long for the greeting.",
            metric=call_metric(metrics.JOIN_TIME, stage, "p95"),
            threshold=JOIN_P95_MILLISECONDS,
            periods=3,
            of_which=2,
        ),
    )


def _paths(stage: str) -> tuple[Watch, ...]:
    return (
        Watch(
            name="PathsNotFound",
            meaning="Browsers find no way to the agent, so callers hear nothing.",
            metric=beyond_share(metrics.ICE_OUTCOME, stage, share=PATHS_LOST_SHARE, bad="count - total"),
            threshold=BEYOND_SHARE,
        ),
    )


def _tools(stage: str) -> tuple[Watch, ...]:
    return (
        Watch(
            name="FailingTools",
            meaning="The agent's tools fail, so callers are told that something cannot be looked up.",
            metric=beyond_share(metrics.TOOL_ERRORS, stage, share=FAILED_TOOL_SHARE),
            threshold=BEYOND_SHARE,
        ),
        Watch(
            name="SlowTools",
            meaning="Callers sit in silence while a tool works.",
            metric=call_metric(metrics.TOOL_LATENCY, stage, "p95"),
            threshold=TOOL_P95_MILLISECONDS,
            periods=3,
            of_which=2,
        ),
    )


def _sessions(stage: str) -> tuple[Watch, ...]:
    return (
        Watch(
            name="FailingCalls",
            meaning="Calls break off because the agent fails or the model cannot be had.",
            metric=beyond_share(metrics.FAILED_CALLS, stage, share=FAILED_CALL_SHARE),
            threshold=BEYOND_SHARE,
        ),
        Watch(
            name="CallersRefused",
            meaning="Callers are turned away: all places are taken, or the budget is spent.",
            # Who is refused tries again: in shorter periods the alarm would begin and end with each of them.
            metric=call_metric(metrics.SESSIONS_REFUSED, stage, "Sum", period=Duration.minutes(15)),
            threshold=0,
        ),
        Watch(
            name="SessionsReaped",
            meaning="Many sessions were never joined or lost their agent.",
            metric=call_metric(metrics.SESSIONS_REAPED, stage, "Sum", period=Duration.minutes(15)),
            threshold=REAPED_IN_QUARTER_HOUR,
        ),
        Watch(
            name="SessionsOverdue",
            meaning="The reaper had to end a session that its agent or the door should have ended.",
            metric=call_metric(metrics.SESSIONS_OVERDUE, stage, "Sum", period=Duration.minutes(15)),
            threshold=0,
        ),
        Watch(
            name="ReaperSilent",
            meaning="Nobody ends lost sessions any more: places and money leak.",
            # The reaper publishes it each minute, also when there are none.
            metric=call_metric(metrics.SESSIONS_ACTIVE, stage, "SampleCount"),
            threshold=1,
            comparison=BELOW,
            silence_is_bad=True,
        ),
        Watch(
            name="CostlyCalls",
            meaning="Calls cost far more per minute than they should.",
            metric=_excess_cost(stage),
            threshold=EXCESS_COST_USD,
        ),
    )


def _excess_cost(stage: str) -> cloudwatch.MathExpression:
    """Return what all calls cost beyond their minutes' price."""
    return cloudwatch.MathExpression(
        expression=f"cost - {COST_PER_MINUTE_USD / SECONDS_IN_A_MINUTE} * seconds",
        using_metrics={
            "cost": call_metric(metrics.SESSION_COST, stage, "Sum", period=FEW_CALLS_WINDOW),
            "seconds": call_metric(metrics.SESSION_DURATION, stage, "Sum", period=FEW_CALLS_WINDOW),
        },
        label="US$ beyond the price of the minutes",
        period=FEW_CALLS_WINDOW,
    )
