"""An alarm, with the page that says what to do about it."""

import re
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.parts.alarm_topic import AlarmTopic

RUNBOOKS = "docs/runbooks"

ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Where the one who is woken reads on.

    Attributes:
        stage: Whose alarms they are.
        region: Where its dashboard is.
        runbooks_url: What leads to the folder of runbooks; none where they are in the repository alone.
    """

    stage: str
    region: str
    runbooks_url: str | None

    @property
    def dashboard_url(self) -> str:
        """The dashboard in the console."""
        home = f"https://{self.region}.console.aws.amazon.com/cloudwatch/home?region={self.region}"
        return f"{home}#dashboards/dashboard/{dashboard_name(self.stage)}"

    def runbook(self, name: str) -> str:
        """Say where the page of the alarm *name* is."""
        page = f"{'-'.join(re.findall(r'[A-Z][a-z]+', name)).lower()}.md"
        if self.runbooks_url:
            return f"{self.runbooks_url}{page}"
        return f"{RUNBOOKS}/{page} in Hotline's repository."


def dashboard_name(stage: str) -> str:
    """Return a name that people look for in the console."""
    return f"Hotline-{stage}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What one alarm looks at."""

    name: str
    meaning: str
    """What a caller or the owner notices; the first line of the mail."""
    metric: cloudwatch.Metric | cloudwatch.MathExpression
    threshold: float
    comparison: cloudwatch.ComparisonOperator = ABOVE
    periods: int = 1
    """How many periods of the metric are looked at."""
    of_which: int = 1
    """How many of them must be bad."""
    silence_is_bad: bool = False
    """Whether no data means that something is broken, not that nobody calls."""

    def add_to(self, scope: Construct, *, pages: Pages, topic: AlarmTopic) -> cloudwatch.Alarm:
        """Create the alarm; it tells *topic* when it begins and when it is over."""
        alarm = cloudwatch.Alarm(
            scope,
            self.name,
            # A name that people read in a mail and search for, unlike one that CloudFormation makes up.
            alarm_name=f"Hotline-{pages.stage}-{self.name}",
            alarm_description=(
                f"{self.meaning} What to do: {pages.runbook(self.name)} Dashboard: {pages.dashboard_url}"
            ),
            metric=self.metric,
            threshold=self.threshold,
            comparison_operator=self.comparison,
            evaluation_periods=self.periods,
            datapoints_to_alarm=self.of_which,
            treat_missing_data=(
                cloudwatch.TreatMissingData.BREACHING
                if self.silence_is_bad
                else cloudwatch.TreatMissingData.NOT_BREACHING
            ),
        )
        alarm.add_alarm_action(topic.tell)
        alarm.add_ok_action(topic.tell)
        return alarm
