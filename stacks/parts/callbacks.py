"""Callers who wait to be called back, and the mail that says that there is one."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.parts.acknowledge import acknowledge
from stacks.parts.alarm_topic import PENDING_DELETION

KEY = "session_id"
EXPIRY = "expires_at"

# Source: "Authorizing use of your customer managed key" (DynamoDB) without what only the creator of a table
# needs; "Configuring AWS KMS permissions" (SNS).
KEY_USES = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")


class CallbackList(Construct):
    """A table that forgets callers by itself, and a topic; both under one key of their own.

    With the key, every number that was ever in the table or a backup of it can be made unreadable at once.
    """

    table_name: str
    topic_arn: str

    def __init__(self, scope: Construct, construct_id: str, *, email: str) -> None:
        super().__init__(scope, construct_id)
        self._key = kms.Key(
            self,
            "Key",
            description="Hotline: encrypts the numbers of callers who wait to be called back",
            enable_key_rotation=True,
            pending_window=PENDING_DELETION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self._table = self._make_table()
        self._topic = sns.Topic(
            self, "Topic", display_name="Hotline call-backs", master_key=self._key, enforce_ssl=True
        )
        self._topic.add_subscription(subscriptions.EmailSubscription(email))
        self.table_name, self.topic_arn = self._table.table_name, self._topic.topic_arn

    def grant_add(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* put a caller onto the list and tell people: it reads nothing but what it overwrites.

        Nobody can overwrite another's row, whose name is a secret (runtime/escalation/callbacks.py).
        """
        self._allow(grantee, "dynamodb:PutItem", on=self._table.table_arn)
        self._allow(grantee, "sns:Publish", on=self._topic.topic_arn)
        # Both ask KMS in the name of whoever writes; nobody else's data may be brought to the key.
        services = [f"{one}.{Stack.of(self).region}.amazonaws.com" for one in ("dynamodb", "sns")]
        self._allow(grantee, *KEY_USES, on=self._key.key_arn, only_if={"kms:ViaService": services})

    def _allow(
        self, grantee: iam.IGrantable, *actions: str, on: str, only_if: dict[str, list[str]] | None = None
    ) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[on],
            conditions={"StringEquals": only_if} if only_if else None,
        )

    def _make_table(self) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=KEY, type=dynamodb.AttributeType.STRING),
            time_to_live_attribute=EXPIRY,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self._key,
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(
            table,
            "AwsSolutions-DDB3",
            "A backup would keep the numbers of callers who have been called back and deleted, or forgotten as "
            "promised; what is lost with the table is a few days of call-backs, and the mails tell of each.",
        )
        return table
