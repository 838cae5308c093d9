"""Tells of spend that is unusual, long before the budget is reached."""

import json

from aws_cdk import aws_ce as ce
from constructs import Construct

from stacks.config import BillingConfig
from stacks.parts.alarm_topic import AlarmTopic


class CostAnomalies(Construct):
    """A subscription to the account's monitor of AWS services, which this makes if there is none.

    An account can have one such monitor: `billing.anomaly_monitor_arn` names it where it exists.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, config: BillingConfig, stage: str, topic: AlarmTopic
    ) -> None:
        super().__init__(scope, construct_id)
        above = {
            "Dimensions": {
                "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
                "Values": [str(config.anomaly_usd)],
            }
        }
        subscription = ce.CfnAnomalySubscription(
            self,
            "Subscription",
            subscription_name=f"Hotline-{stage}",
            # A topic can be told at once; mail addresses are told once a day or week at most.
            frequency="IMMEDIATE",
            monitor_arn_list=[config.anomaly_monitor_arn or self._monitor(stage)],
            subscribers=[
                ce.CfnAnomalySubscription.SubscriberProperty(type="SNS", address=topic.topic.topic_arn)
            ],
            threshold_expression=json.dumps(above),
        )
        # No page says whether a topic that does not let it publish yet is refused, or only never told.
        subscription.node.add_dependency(topic.topic)

    def _monitor(self, stage: str) -> str:
        monitor = ce.CfnAnomalyMonitor(
            self,
            "Monitor",
            monitor_name=f"Hotline-{stage}",
            monitor_type="DIMENSIONAL",
            monitor_dimension="SERVICE",
        )
        return monitor.attr_monitor_arn
