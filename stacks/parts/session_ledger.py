"""The table with one row per session, which the door opens and the agent reports to."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

KEY = "session_id"
EXPIRY = "expires_at"


class SessionLedger(Construct):
    """A DynamoDB table that forgets old rows by itself and can be restored to any second."""

    name: str
    table: dynamodb.Table

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=KEY, type=dynamodb.AttributeType.STRING),
            time_to_live_attribute=EXPIRY,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            # Deleting it leaves a backup for 35 days, free of charge, because recovery is on ("Restoring a
            # table", DynamoDB developer guide).
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.name = self.table.table_name

    def grant_report(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* join, beat for and close sessions: no new row, no scan, no deletion."""
        self.table.grant(grantee, "dynamodb:GetItem", "dynamodb:UpdateItem")

    def grant_open(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* open sessions, look at them and close them."""
        self.table.grant(grantee, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")

    def grant_reap(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* go through the sessions that are open, and close them."""
        self.table.grant(grantee, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem")
