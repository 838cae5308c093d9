"""The table with one row per session, which the door opens and the agent reports to."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

KEY = "session_id"
EXPIRY = "expires_at"

# What the keys of the door's items begin with (runtime/door/sessions.py, places.py, leases.py, budget.py,
# pace.py, invites.py, telephony/); a test holds these to the code.
ROWS = "hotline-*"
PLACES = ("open-sessions-*", "sessions-of-*")
RELAYS = "relays-of-*"
BUDGET = "budget-switch"
PACE = "pace-of-*"
TICKETS = "ticket-of-*"
CLOCK = "hotline-nobody"
"""Key of no item: who is to be told DynamoDB's time updates it in vain (runtime/door/table.py)."""
GUESTS = ("invite-*", "guest-sessions", "guests-of-*")
PHONES = ("phone-call-*", "phone-sessions")


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
        """Let *grantee* join, beat for and close sessions, and give their places back: no new row, no scan."""
        self._grant(grantee, (ROWS,), "dynamodb:GetItem")
        self._grant(grantee, (ROWS, *PLACES), "dynamodb:UpdateItem")

    def grant_open(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* open sessions, look at them and close them, count and pace callers, lease relays."""
        written = (ROWS, *PLACES, RELAYS, PACE, *GUESTS)
        self._grant(grantee, (ROWS,), "dynamodb:PutItem")
        self._grant(grantee, written, "dynamodb:UpdateItem")
        self._grant(grantee, (ROWS, RELAYS, *GUESTS), "dynamodb:GetItem")
        self._grant(grantee, (ROWS, *PLACES, BUDGET), "dynamodb:BatchGetItem")

    def grant_take_calls(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* open sessions of callers from phones and close them, and count and pace those callers."""
        written = (ROWS, *PLACES, PACE, *PHONES, TICKETS)
        self._grant(grantee, (ROWS,), "dynamodb:PutItem")
        self._grant(grantee, written, "dynamodb:UpdateItem")
        self._grant(grantee, (ROWS, *PHONES), "dynamodb:GetItem")
        self._grant(grantee, (ROWS, *PLACES, BUDGET), "dynamodb:BatchGetItem")

    def grant_reap(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* go through the sessions that have a place, close them and give the places back."""
        self._grant(grantee, (ROWS, *PLACES), "dynamodb:BatchGetItem")
        self._grant(grantee, (ROWS,), "dynamodb:GetItem")
        self._grant(grantee, (ROWS, *PLACES), "dynamodb:UpdateItem")

    def grant_redeem(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* use up tickets of sessions, and neither change nor be told anything of the sessions."""
        self._grant(grantee, (TICKETS, CLOCK), "dynamodb:UpdateItem")

    def grant_switch(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* close the door to new sessions, and nothing else."""
        self._grant(grantee, (BUDGET, CLOCK), "dynamodb:UpdateItem")

    def _grant(self, grantee: iam.IGrantable, keys: Sequence[str], *actions: str) -> None:
        """Allow *actions* on the items whose keys begin as *keys* do.

        `ForAllValues`, because a request may name several; none of these actions comes without a key.
        """
        conditions = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}}
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self.table.table_arn],
            conditions=conditions,
        )
