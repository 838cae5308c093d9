"""What guards the money."""

from aws_cdk import Duration, Environment, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.config import BillingConfig
from stacks.parts.alarm_topic import AlarmTopic
from stacks.parts.cost_anomalies import CostAnomalies
from stacks.parts.monthly_budget import MonthlyBudget
from stacks.parts.watch import Watch

# The one Region that has billing metrics, whichever Region is billed.
# Source: "Create a billing alarm to monitor your estimated AWS charges", CloudWatch user guide.
REGION = "us-east-1"

# AWS publishes the charges a few times a day.
PERIOD = Duration.hours(6)

PUBLISHERS = ("budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com")


class BillingStack(Stack):
    """Owns a budget, a look-out for unusual spend and an alarm on the bill, and its own way to a person."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: BillingConfig,
        stage: str,
        env: Environment,
    ) -> None:
        account = Environment(account=env.account, region=REGION)
        super().__init__(scope, construct_id, env=account, description="Hotline: what guards the money")
        topic = AlarmTopic(self, "Alarms", email=config.alarm_email, publishers=PUBLISHERS)
        MonthlyBudget(self, "Month", limit_usd=config.monthly_budget_usd, topic=topic)
        CostAnomalies(self, "Anomalies", config=config, stage=stage, topic=topic)
        charges = cloudwatch.Metric(
            namespace="AWS/Billing",
            metric_name="EstimatedCharges",
            dimensions_map={"Currency": "USD"},
            statistic="Maximum",
            period=PERIOD,
        )
        Watch(
            name="BillAboveBudget",
            meaning="The account's bill of this month has passed the budget.",
            metric=charges,
            threshold=config.monthly_budget_usd,
        ).add_to(self, stage=stage, topic=topic)
