"""The orders that the demonstration agent can look up."""

from pathlib import Path

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks.parts.acknowledge import acknowledge

ORDERS = Path(__file__).with_name("orders.csv")
KEY = "order_number"


class OrdersTable(Construct):
    """A table that DynamoDB itself fills from `orders.csv` when it creates it.

    No Lambda function and no role are needed for that.  The price: an edited file replaces the table.
    """

    name: str

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        orders = assets.Asset(self, "Orders", path=str(ORDERS))
        self._table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=KEY, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            removal_policy=RemovalPolicy.DESTROY,
            import_source=dynamodb.ImportSourceSpecification(
                bucket=orders.bucket,
                key_prefix=orders.s3_object_key,
                input_format=dynamodb.InputFormat.csv(),
            ),
        )
        self.name = self._table.table_name
        acknowledge(
            self._table,
            "AwsSolutions-DDB3",
            "Five invented orders that a deployment writes: nothing to recover.",
        )

    def grant_look_up(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* read one order by its number: no query, no scan, no write."""
        self._table.grant(grantee, "dynamodb:GetItem")
