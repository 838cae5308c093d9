"""What the agent may do."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks.config import CascadeConfig, RuntimeConfig
from stacks.parts.acknowledge import acknowledge, acknowledge_pattern
from stacks.regions import CASCADE_PROFILES


class AgentRole(Construct):
    """The execution role of the runtime: one brain, one bundle, its own logs, and what is granted to it.

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
        region: str,
        runtime_name: str,
        bundle: assets.Asset,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = self._role(runtime_name)
        if isinstance(config.brain, CascadeConfig):
            self._allow_cascade(config.brain, region)
        else:
            # Nova Sonic's bidirectional stream is authorised by InvokeModel; there is no action named after it
            # (API reference of InvokeModelWithBidirectionalStream).
            self._allow("bedrock:InvokeModel", on=self._model(config.brain.model_id))
        self._allow("s3:GetObject", on=f"{bundle.bucket.bucket_arn}/{bundle.s3_object_key}")
        self._allow_own_logs(runtime_name)

    def _allow(self, *actions: str, on: str) -> None:
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[on]))

    def _model(self, model_id: str, region: str = "") -> str:
        stack = Stack.of(self)
        return f"arn:{stack.partition}:bedrock:{region or stack.region}::foundation-model/{model_id}"

    def _allow_cascade(self, config: CascadeConfig, region: str) -> None:
        """Allow one text model, and to hear and to speak.

        A right on the model in the Regions of a profile would let the role ask there without it, so it holds only
        for requests that come through the profile ("Prerequisites for inference profiles", Bedrock user guide).
        """
        ask = "bedrock:InvokeModelWithResponseStream"  # what ConverseStream is authorised by
        prefix, served_in = CASCADE_PROFILES[region]
        models = [self._model(config.model_id, one) for one in served_in]
        if prefix:
            profile = Stack.of(self).format_arn(
                service="bedrock", resource="inference-profile", resource_name=f"{prefix}{config.model_id}"
            )
            self._allow(ask, on=profile)
            through = {"StringEquals": {"bedrock:InferenceProfileArn": profile}}
            self.role.add_to_policy(iam.PolicyStatement(actions=[ask], resources=models, conditions=through))
        else:
            self._allow(ask, on=models[0])
        # Neither has a resource that IAM could name: a stream and a piece of speech are nobody's (service
        # authorization reference of both; Polly's only resource is a lexicon, which is not used).
        self._allow("transcribe:StartStreamTranscriptionWebSocket", "polly:SynthesizeSpeech", on="*")
        acknowledge(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            "IAM knows no resource of a stream of Transcribe nor of speech that Polly makes; the actions are two, and "
            "read and keep nothing.",
        )

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
