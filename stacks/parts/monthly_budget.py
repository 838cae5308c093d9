"""A monthly budget that tells before it is spent, and says so when it is."""

import hashlib

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.config import BillingConfig
from stacks.parts.alarm_topic import AlarmTopic
from stacks.parts.budget_topic import BudgetTopic

# Half gives time to look, four fifths to act; what is spent closes the door.
TOLD_PERCENT = (50, 80)
SPENT_PERCENT = 100
FORECAST_PERCENT = 100


def budget_name(stage: str, config: BillingConfig) -> str:
    """Return the name by which the door knows the budget that may close it.

    CloudFormation cannot change who is told of a budget; it makes a new one first, which needs another name.
    Source: AWS::Budgets::Budget, create-only properties of its schema.
    """
    told = f"{TOLD_PERCENT} {SPENT_PERCENT} {FORECAST_PERCENT} {config.alarm_email}"
    return f"Hotline-{stage}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


class MonthlyBudget(Construct):
    """What the whole account may cost in a month, before any credit is taken off.

    Credits would hide real spend until the day they are used up.
    """

    name: str

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: BillingConfig,
        stage: str,
        alarms: AlarmTopic,
        spent: BudgetTopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = budget_name(stage, config)
        limit_usd = config.monthly_budget_usd
        # A notification has one topic; this one's is the switch's, so the mail goes out beside it, directly.
        person = budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=config.alarm_email)
        budget = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=self.name,
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=limit_usd, unit="USD"),
                cost_types=budgets.CfnBudget.CostTypesProperty(include_credit=False, include_refund=False),
            ),
            notifications_with_subscribers=[
                *(_notification("ACTUAL", percent, _by(alarms.topic)) for percent in TOLD_PERCENT),
                _notification("ACTUAL", SPENT_PERCENT, _by(spent.topic), person),
                _notification("FORECASTED", FORECAST_PERCENT, _by(alarms.topic)),
            ],
        )
        # A month that is spent already is told at once, which takes topics that Budgets may publish to.
        budget.node.add_dependency(alarms.topic, spent.topic)


def _notification(
    kind: str, percent: int, *subscribers: budgets.CfnBudget.SubscriberProperty
) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
    return budgets.CfnBudget.NotificationWithSubscribersProperty(
        notification=budgets.CfnBudget.NotificationProperty(
            comparison_operator="GREATER_THAN",
            notification_type=kind,
            threshold=percent,
            threshold_type="PERCENTAGE",
        ),
        subscribers=list(subscribers),
    )


def _by(topic: sns.ITopic) -> budgets.CfnBudget.SubscriberProperty:
    return budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)
