"""Who may publish to a topic."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns


def allow_publishing(topic: sns.Topic, service: str, key: kms.Key | None = None) -> None:
    """Let *service* publish to *topic*, and encrypt with *key* if it may not yet.

    Only from this account: no confused deputy.
    """
    principal = iam.ServicePrincipal(
        service, conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
    )
    if key:
        # `*` in a key's policy is the key itself.
        key.add_to_resource_policy(_allowing(principal, "*", "kms:Decrypt", "kms:GenerateDataKey*"))
    topic.add_to_resource_policy(_allowing(principal, topic.topic_arn, "sns:Publish"))


def _allowing(principal: iam.IPrincipal, resource: str, *actions: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(principals=[principal], actions=list(actions), resources=[resource])
