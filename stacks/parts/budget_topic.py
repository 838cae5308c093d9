"""How a spent budget reaches the door, which may be in another Region."""

from aws_cdk import ArnFormat, Fn, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.parts.publishing import allow_publishing
from stacks.regions import BILLING_REGION

PUBLISHER = "budgets.amazonaws.com"


def topic_name(stage: str) -> str:
    """Return the name that lets the door's stack know the topic's ARN before the topic is there."""
    return f"Hotline-{stage}-BudgetSpent"


def function_name(stage: str) -> str:
    """Return the name that lets the billing stack know the function's ARN, from another Region."""
    return f"Hotline-{stage}-BudgetSwitch"


class BudgetTopic(Construct):
    """An encrypted topic that only Budgets may publish to, and the door's function that hears of it.

    SNS delivers from one Region to a function in another, as long as both are enabled in every account
    ("Sending Amazon SNS messages to a Lambda function in a different Region", SNS developer guide); the
    Regions that a stage can be deployed to are.
    """

    topic: sns.Topic

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: str, key: kms.Key, door_region: str
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", topic_name=topic_name(stage), master_key=key, enforce_ssl=True)
        # The key lets Budgets encrypt already: it is that of the alarms.
        allow_publishing(self.topic, PUBLISHER)
        sns.CfnSubscription(
            self,
            "Switch",
            protocol="lambda",
            topic_arn=self.topic.topic_arn,
            # Substituted, not joined: cfn-lint reads the one and not the other.
            endpoint=Fn.sub(
                f"arn:${{AWS::Partition}}:lambda:{door_region}:${{AWS::AccountId}}:function:{function_name(stage)}"
            ),
        )


def topic_arn(scope: Construct, stage: str) -> str:
    """Return the ARN that the stage's topic has, or will have."""
    return Stack.of(scope).format_arn(
        service="sns",
        region=BILLING_REGION,
        resource=topic_name(stage),
        arn_format=ArnFormat.NO_RESOURCE_NAME,
    )


def allow_topic(function: lambda_.Function, stage: str) -> None:
    """Let the stage's topic, and no other, invoke *function*."""
    function.add_permission(
        "Topic", principal=iam.ServicePrincipal("sns.amazonaws.com"), source_arn=topic_arn(function, stage)
    )
