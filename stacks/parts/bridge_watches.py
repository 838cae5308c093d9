"""What is watched about the bridge: whether its tasks speak, and whether they had to let callers down."""

from runtime import metrics
from stacks.parts.call_metric import call_metric
from stacks.parts.watch import BELOW, Watch
from stacks.sections.bridge import FargateBridgeConfig

REPORTS_IN_PERIOD = 5
# A report that falls into the next period is no silence.
LATE_REPORTS = 2


def bridge_watches(stage: str, config: FargateBridgeConfig) -> tuple[Watch, ...]:
    """Return the alarms on what the bridge publishes."""
    return (
        Watch(
            name="BridgeFailing",
            meaning="Callers from phones hear nothing, because the bridge is full or does not get through.",
            metric=call_metric(metrics.BRIDGE_FAULTS, stage, "Sum"),
            threshold=0,
        ),
        Watch(
            name="BridgeSilent",
            meaning="Tasks of the bridge are missing; with none, every call over it fails.",
            # Each task says once a minute how many streams it has.
            metric=call_metric(metrics.BRIDGED_STREAMS, stage, "SampleCount"),
            threshold=config.least_tasks * REPORTS_IN_PERIOD - LATE_REPORTS,
            comparison=BELOW,
            periods=2,
            of_which=2,
            silence_is_bad=True,
        ),
    )
