"""How an alarm reaches a person."""

from collections.abc import Sequence

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

# How long a deleted key can be had back; the shortest that KMS offers, because a deleted topic holds nothing.
PENDING_DELETION = Duration.days(7)


class AlarmTopic(Construct):
    """An encrypted topic that named AWS services may publish to, and one address that hears of it.

    Its own key, because no AWS service may use the key that AWS manages for SNS.
    """

    topic: sns.Topic

    def __init__(self, scope: Construct, construct_id: str, *, email: str, publishers: Sequence[str]) -> None:
        super().__init__(scope, construct_id)
        key = kms.Key(
            self,
            "Key",
            description="Hotline: encrypts alarms on their way to the mail",
            enable_key_rotation=True,
            pending_window=PENDING_DELETION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.topic = sns.Topic(self, "Topic", display_name="Hotline alarms", master_key=key, enforce_ssl=True)
        self.topic.add_subscription(subscriptions.EmailSubscription(email))
        for publisher in publishers:
            # Services of this account only: no confused deputy.  `*` in a key's policy is the key itself.
            principal = iam.ServicePrincipal(
                publisher, conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            )
            key.add_to_resource_policy(_allowing(principal, "*", "kms:Decrypt", "kms:GenerateDataKey*"))
            self.topic.add_to_resource_policy(_allowing(principal, self.topic.topic_arn, "sns:Publish"))


def _allowing(principal: iam.IPrincipal, resource: str, *actions: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(principals=[principal], actions=list(actions), resources=[resource])
