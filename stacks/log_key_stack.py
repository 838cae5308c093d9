"""The key of a stage's logs, apart from the stacks that have logs: docs/decisions/log-key.md."""

from aws_cdk import Aws, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

# The least that KMS allows: what it encrypted is deleted with the stage.
PENDING_DELETION = Duration.days(7)

# Those of "Encrypt log data in CloudWatch Logs using AWS KMS", CloudWatch Logs user guide, but for `kms:Describe*`:
# describing has no encryption context, so on the condition below it would never be allowed.
USES = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")


class LogKeyStack(Stack):
    """Owns one key, which CloudWatch Logs may use for this stage's log groups and for nothing else."""

    key: kms.Key

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: str, region: str, env: Environment
    ) -> None:
        super().__init__(scope, construct_id, env=env, description="Hotline: the key of the stage's logs")
        self.key = kms.Key(
            self,
            "Key",
            description=f"Hotline {stage}: encrypts logs",
            enable_key_rotation=True,
            pending_window=PENDING_DELETION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        logs = f"logs.{region}.amazonaws.com"
        self._allow(iam.ServicePrincipal(logs), stage, region, {})
        # CloudWatch Logs asks in the name of whoever calls it, too ("kms:ViaService" in the same guide), whose own policy
        # would have to name the key otherwise.  Who may not read or write a group gains nothing by it.
        through_it = {"kms:CallerAccount": Aws.ACCOUNT_ID, "kms:ViaService": logs}
        self._allow(iam.AnyPrincipal(), stage, region, {"StringEquals": through_it})

    def _allow(
        self, principal: iam.IPrincipal, stage: str, region: str, conditions: dict[str, dict[str, str]]
    ) -> None:
        groups = f"arn:{Aws.PARTITION}:logs:{region}:{Aws.ACCOUNT_ID}:log-group:"
        named = {"kms:EncryptionContext:aws:logs:arn": [f"{groups}{one}" for one in _groups(stage)]}
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[principal],
                actions=list(USES),
                resources=["*"],  # in a key's policy: the key itself
                conditions={**conditions, "ArnLike": named},
            )
        )


def _groups(stage: str) -> tuple[str, ...]:
    """Return patterns of the names of all log groups of *stage*, known before there is one."""
    return (
        # CloudFormation begins the names that it makes up with that of the stack.
        f"Hotline-{stage}-*",
        f"/aws/vendedlogs/Hotline-{stage}-Door/access",
        f"/aws/bedrock-agentcore/runtimes/hotline_{stage}-*",
    )
