"""How a log is kept: the one place where log groups are made."""

from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

# As the CDK names them.
_BY_DAYS = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeeping:
    """For how long logs are kept, and under which key."""

    days: int
    """One of those that `stacks.sections.section.RetentionDays` names."""
    key: kms.IKey | None = None
    """The stage's own, which lets CloudWatch Logs use it for groups of these names alone (`LogKeyStack`); without one
    CloudWatch Logs encrypts with keys of AWS."""

    def add_group(self, scope: Construct, construct_id: str, *, name: str | None = None) -> logs.LogGroup:
        """Add a group that goes with its stack; without *name*, its name begins with that of the stack."""
        return logs.LogGroup(
            scope,
            construct_id,
            log_group_name=name,
            retention=_BY_DAYS[self.days],
            encryption_key=self.key,
            removal_policy=RemovalPolicy.DESTROY,
        )
