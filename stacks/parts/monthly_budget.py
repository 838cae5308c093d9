"""A monthly budget that tells before it is spent."""

from aws_cdk import aws_budgets as budgets
from constructs import Construct

from stacks.parts.alarm_topic import AlarmTopic

ACTUAL_PERCENT = (50, 80, 100)
FORECAST_PERCENT = 100


class MonthlyBudget(Construct):
    """What the whole account may cost in a month, before any credit is taken off.

    Credits would hide real spend until the day they are used up.
    """

    def __init__(self, scope: Construct, construct_id: str, *, limit_usd: int, topic: AlarmTopic) -> None:
        super().__init__(scope, construct_id)
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=limit_usd, unit="USD"),
                cost_types=budgets.CfnBudget.CostTypesProperty(include_credit=False, include_refund=False),
            ),
            notifications_with_subscribers=[
                *(_notification("ACTUAL", percent, topic) for percent in ACTUAL_PERCENT),
                _notification("FORECASTED", FORECAST_PERCENT, topic),
            ],
        )


def _notification(
    kind: str, percent: int, topic: AlarmTopic
) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
    return budgets.CfnBudget.NotificationWithSubscribersProperty(
        notification=budgets.CfnBudget.NotificationProperty(
            comparison_operator="GREATER_THAN",
            notification_type=kind,
            threshold=percent,
            threshold_type="PERCENTAGE",
        ),
        subscribers=[
            budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic.topic_arn)
        ],
    )
