"""What the agent may do."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks.config import RuntimeConfig
from stacks.parts.acknowledge import acknowledge_pattern


class AgentRole(Construct):
    """The execution role of the runtime: one model, one bundle, its own logs, and what is granted to it.

    The construct library's own role may read the whole asset bucket, every log group of AgentCore and all
    of X-Ray; none of that is needed.
    """

    role: iam.Role

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: RuntimeConfig,
        runtime_name: str,
        bundle: assets.Asset,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = self._role(runtime_name)
        stack = Stack.of(self)
        # Nova Sonic's bidirectional stream is authorised by InvokeModel; there is no action named after it
        # (API reference of InvokeModelWithBidirectionalStream).
        self._allow(
            "bedrock:InvokeModel",
            on=f"arn:{stack.partition}:bedrock:{stack.region}::foundation-model/{config.model_id}",
        )
        self._allow("s3:GetObject", on=f"{bundle.bucket.bucket_arn}/{bundle.s3_object_key}")
        self._allow_own_logs(runtime_name)

    def _allow(self, *actions: str, on: str) -> None:
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[on]))

    def _role(self, runtime_name: str) -> iam.Role:
        stack = Stack.of(self)
        runtimes = stack.format_arn(
            service="bedrock-agentcore", resource="runtime", resource_name=f"{runtime_name}*"
        )
        return iam.Role(
            self,
            "Role",
            description="Hotline: what the voice agent may do",
            # Only AgentCore, only for this account, only for this runtime: no confused deputy.
            assumed_by=iam.ServicePrincipal(
                "bedrock-agentcore.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": runtimes},
                },
            ),
        )

    def _allow_own_logs(self, runtime_name: str) -> None:
        groups = Stack.of(self).format_arn(
            service="logs", resource=f"log-group:/aws/bedrock-agentcore/runtimes/{runtime_name}-*"
        )
        streams = f"{groups}:log-stream:*"
        self._allow("logs:CreateLogGroup", "logs:DescribeLogStreams", on=groups)
        self._allow("logs:CreateLogStream", "logs:PutLogEvents", on=streams)
        # AgentCore looks for its group among all ("Execution role for running an agent in AgentCore Runtime",
        # AgentCore developer guide); this tells names of groups and nothing of what is in them.
        every_group = Stack.of(self).format_arn(
            service="logs", resource="log-group", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        self._allow("logs:DescribeLogGroups", on=every_group)
        acknowledge_pattern(
            self.role,
            every_group,
            "Listing log groups cannot be limited to some; AgentCore's guide asks for it.",
        )
        for pattern in (groups, streams):
            acknowledge_pattern(
                self.role,
                pattern,
                "AgentCore names its log groups after the runtime's id, which it makes up after it has this "
                "role, and after each endpoint; the pattern is this runtime's own groups.",
            )
