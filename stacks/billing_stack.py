"""What guards the money."""

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.config import BillingConfig
from stacks.parts.alarm_topic import AlarmTopic
from stacks.parts.budget_topic import BudgetTopic
from stacks.parts.cost_anomalies import CostAnomalies
from stacks.parts.monthly_budget import MonthlyBudget
from stacks.parts.watch import Pages, Watch
from stacks.regions import BILLING_REGION

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
        door_region: str,
        runbooks_url: str | None,
        env: Environment,
    ) -> None:
        account = Environment(account=env.account, region=BILLING_REGION)
        super().__init__(scope, construct_id, env=account, description="Hotline: what guards the money")
        topic = AlarmTopic(self, "Alarms", email=config.alarm_email, publishers=PUBLISHERS)
        spent = BudgetTopic(self, "Spent", stage=stage, key=topic.key, door_region=door_region)
        month = MonthlyBudget(self, "Month", config=config, stage=stage, alarms=topic, spent=spent)
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
        ).add_to(self, pages=Pages(stage=stage, region=door_region, runbooks_url=runbooks_url), topic=topic)
        CfnOutput(self, "BudgetName", value=month.name)
