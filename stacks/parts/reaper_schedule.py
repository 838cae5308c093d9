"""Wakes the reaper every minute."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

# The finest that EventBridge Scheduler offers; with the limits it adds to, a lost call ends within two
# minutes of its last sign of life.
RATE = "rate(1 minute)"


class ReaperSchedule(Construct):
    """A schedule whose role may invoke one function and report to one queue."""

    def __init__(
        self, scope: Construct, construct_id: str, *, function: lambda_.IFunction, failures: sqs.IQueue
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            description="Hotline: wakes the reaper",
            # Only for a schedule of this account: no confused deputy.
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            ),
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])
        )
        role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[failures.queue_arn]))
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description="Hotline: ends sessions that nobody else will end",
            schedule_expression=RATE,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=role.role_arn,
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=failures.queue_arn),
                # The next minute brings the next run; repeating an old one does nothing for anybody.
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=60, maximum_retry_attempts=0
                ),
            ),
        )
        # Scheduler checks the role's rights when it creates the schedule.
        schedule.node.add_dependency(role)
