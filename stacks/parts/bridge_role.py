"""What a task of the bridge may do, and what starts it."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks.runtime_stack import RuntimeStack

TASKS = "ecs-tasks.amazonaws.com"


class BridgeRoles(Construct):
    """Two roles: one for Fargate, which may write the log, one for the program, which may redeem and connect."""

    execution: iam.Role
    task: iam.Role

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        runtime: RuntimeStack,
        bundle: assets.Asset,
        log_group: logs.LogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        self.execution = self._role("Execution", "Hotline: what Fargate may do to start the bridge")
        log_group.grant_write(self.execution)
        self.task = self._role("Task", "Hotline: what the bridge may do")
        self.task.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[f"{bundle.bucket.bucket_arn}/{bundle.s3_object_key}"]
            )
        )
        runtime.ledger.grant_redeem(self.task)
        runtime.agent.grant_connect(self.task)

    def _role(self, construct_id: str, description: str) -> iam.Role:
        return iam.Role(self, construct_id, description=description, assumed_by=iam.ServicePrincipal(TASKS))
