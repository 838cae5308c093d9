"""How an alarm reaches a person."""

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.parts.publishing import allow_publishing

# How long a deleted key can be had back; the shortest that KMS offers, because a deleted topic holds nothing.
PENDING_DELETION = Duration.days(7)


class AlarmTopic(Construct):
    """An encrypted topic that named AWS services may publish to, and one address that hears of it.

    Its own key, because no AWS service may use the key that AWS manages for SNS.
    """

    topic: sns.Topic
    key: kms.Key
    tell: actions.SnsAction
    """What an alarm does that has something to say."""

    def __init__(self, scope: Construct, construct_id: str, *, email: str, publishers: Sequence[str]) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description="Hotline: encrypts alarms on their way to the mail",
            enable_key_rotation=True,
            pending_window=PENDING_DELETION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.topic = sns.Topic(
            self, "Topic", display_name="Hotline alarms", master_key=self.key, enforce_ssl=True
        )
        self.tell = actions.SnsAction(self.topic)
        self.topic.add_subscription(subscriptions.EmailSubscription(email))
        for publisher in publishers:
            allow_publishing(self.topic, publisher, self.key)
