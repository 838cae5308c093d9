"""What closes the door to new sessions when the month's budget is spent."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from runtime.settings.budget import BudgetSettings
from stacks.parts.budget_topic import allow_topic, function_name, topic_arn
from stacks.parts.door_function import DoorFunction
from stacks.parts.log_keeping import LogKeeping
from stacks.parts.session_ledger import SessionLedger

# DynamoDB's slowest answer, five times over; nobody waits for it.
TIMEOUT = Duration.seconds(40)


class BudgetSwitch(Construct):
    """A function that the budget's topic invokes, and that may write one item of the ledger."""

    function: lambda_.Function

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        budget: str,
        ledger: SessionLedger,
        logs: LogKeeping,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = BudgetSettings(
            region=Stack.of(self).region,
            ledger_table=ledger.name,
            budget=budget,
            topic_arn=topic_arn(self, stage),
        )
        switch = DoorFunction(
            self,
            "Switch",
            handler="budget_handler.handle_budget",
            description="closes the door to new sessions when the budget is spent",
            timeout=TIMEOUT,
            environment=settings.to_environment(),
            # Never reserved: a notice of actual spend comes "once per budget, per budget period" (AWS Billing user
            # guide, "Use a budget in the AWS Billing and Cost Management console"), and SNS delivers what was throttled
            # again.
            reserved_concurrency=0,
            logs=logs,
            name=function_name(stage),
        )
        ledger.grant_switch(switch.role)
        allow_topic(switch.function, stage)
        self.function = switch.function
