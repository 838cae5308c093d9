"""What is watched about the door: whether callers get in, and how fast."""

from aws_cdk import Duration

from stacks.door_stack import DoorStack
from stacks.parts.watch import Watch

PERIOD = Duration.minutes(5)
MINUTE = Duration.minutes(1)

# Opening a session waits for its microVM, which platform V2 starts in about 2 s, and in 4.35 s at the 99th
# percentile; a cold function adds 1.5 s.
LATENCY_P95_MILLISECONDS = 6_000

# One may be a caller whose network broke.
SERVER_ERRORS_IN_PERIOD = 2


def door_watches(door: DoorStack) -> tuple[Watch, ...]:
    """Return the alarms on what API Gateway and Lambda publish about *door*."""
    api = door.api.api
    return (
        Watch(
            name="DoorFailing",
            meaning="The door answers with server errors, so calls cannot begin.",
            metric=api.metric_server_error(statistic="Sum", period=PERIOD),
            threshold=SERVER_ERRORS_IN_PERIOD,
        ),
        Watch(
            name="SlowDoor",
            meaning="Opening a session takes too long.",
            metric=api.metric_latency(statistic="p95", period=PERIOD),
            threshold=LATENCY_P95_MILLISECONDS,
            periods=3,
            of_which=2,
        ),
        Watch(
            name="DoorThrottled",
            meaning="Lambda turns the door's requests away for lack of concurrency.",
            metric=door.function.metric_throttles(statistic="Sum", period=PERIOD),
            threshold=0,
        ),
        Watch(
            name="BudgetSwitchFailing",
            meaning="The budget is spent, and the door was not closed to new sessions.",
            metric=door.budget_switch.metric_errors(statistic="Sum", period=PERIOD),
            threshold=0,
        ),
        Watch(
            name="ReaperFailing",
            meaning="The reaper runs and fails, so some lost sessions stay.",
            metric=door.reaper.metric_errors(statistic="Sum", period=MINUTE),
            threshold=0,
            periods=5,
            of_which=3,
        ),
    )
