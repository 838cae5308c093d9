"""The agent on Bedrock AgentCore."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import CfnResource, Stack, aws_logs
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks.bundle_record import BundleRecord
from stacks.config import RuntimeConfig
from stacks.parts.agent_role import AgentRole
from stacks.parts.log_keeping import LogKeeping

ENDPOINT = "calls"
ENTRY_POINT = "main.py"
PYTHON = "PYTHON_3_13"

# A session exists from the moment the door wakes it: the way in lives 300 s at most (DoorConfig), and the
# agent takes up to 60 s to say goodbye.  The call's own cap ends it long before, in words.
LIFETIME_BEYOND_CALL_SECONDS = 360


class AgentRuntime(Construct):
    """One microVM for every call, and the endpoint that calls come to."""

    arn: str
    role: iam.Role
    endpoint_arn: str
    endpoint_name: str
    lifetime_seconds: int
    """When AgentCore ends a microVM, whatever it does."""
    log_group: aws_logs.LogGroup

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: RuntimeConfig,
        stage: str,
        bundle: Path,
        environment: Mapping[str, str],
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        logs: LogKeeping,
    ) -> None:
        super().__init__(scope, construct_id)
        name = f"hotline_{stage}"
        asset = _asset(self, bundle)
        self.role = AgentRole(
            self, "Role", config=config, region=Stack.of(self).region, runtime_name=name, bundle=asset
        ).role
        self.lifetime_seconds = config.call_seconds + LIFETIME_BEYOND_CALL_SECONDS
        self._runtime = self._add_runtime(
            config, name, code=_code(asset), network=_private(vpc, security_group), environment=environment
        )
        # AgentCore starts the agent while it creates the runtime: its rights must be there first.
        self._runtime.node.add_dependency(self.role)
        self.arn = self._of_runtime("AgentRuntimeArn")
        # Before AgentCore creates it, which would keep logs for ever.
        log_name = f"/aws/bedrock-agentcore/runtimes/{self._of_runtime('AgentRuntimeId')}-{ENDPOINT}"
        self.log_group = logs.add_group(self, "Logs", name=log_name)
        self._add_endpoint(config)

    def _add_runtime(
        self,
        config: RuntimeConfig,
        name: str,
        *,
        code: Mapping[str, Any],
        network: Mapping[str, Any],
        environment: Mapping[str, str],
    ) -> CfnResource:
        # By CloudFormation's own names, which cfn-lint checks: the typed ones are a library of 5 MB for these two.
        return CfnResource(
            self,
            "Runtime",
            type="AWS::BedrockAgentCore::Runtime",
            properties={
                "AgentRuntimeName": name,
                "AgentRuntimeArtifact": {"CodeConfiguration": code},
                "Description": "Hotline: a voice agent, one microVM per call",
                "EnvironmentVariables": dict(environment),
                "LifecycleConfiguration": {
                    "IdleRuntimeSessionTimeout": config.idle_seconds,
                    "MaxLifetime": self.lifetime_seconds,
                },
                "NetworkConfiguration": network,
                # Said, because which version is the default has changed.  V2 starts in about 2 s, V1 in 5 to 30.
                "PlatformVersion": "V2",
                "ProtocolConfiguration": "HTTP",
                "RoleArn": self.role.role_arn,
            },
        )

    def grant_open(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* wake and ask agents and sign ways into sessions, on this endpoint only."""
        self._grant(
            grantee,
            "bedrock-agentcore:InvokeAgentRuntime",
            "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",
        )

    def grant_connect(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* sign ways into sessions of this endpoint; it wakes nobody."""
        self._grant(grantee, "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream")

    def grant_stop(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* end sessions of this endpoint."""
        self._grant(grantee, "bedrock-agentcore:StopRuntimeSession")

    def _grant(self, grantee: iam.IGrantable, *actions: str) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.arn, self.endpoint_arn]
        )

    def _add_endpoint(self, config: RuntimeConfig) -> None:
        version = config.endpoint_version
        endpoint = CfnResource(
            self,
            "Endpoint",
            type="AWS::BedrockAgentCore::RuntimeEndpoint",
            properties={
                "Name": ENDPOINT,
                "Description": "What the door sends calls to",
                "AgentRuntimeId": self._of_runtime("AgentRuntimeId"),
                "AgentRuntimeVersion": str(version) if version else self._of_runtime("AgentRuntimeVersion"),
            },
        )
        endpoint.node.add_dependency(self.log_group)
        self.endpoint_name = ENDPOINT
        self.endpoint_arn = endpoint.get_att("AgentRuntimeEndpointArn").to_string()

    def _of_runtime(self, attribute: str) -> str:
        return self._runtime.get_att(attribute).to_string()


def _asset(scope: Construct, bundle: Path) -> assets.Asset:
    """Stage *bundle* under the hash that its maker noted: reading it again takes a tenth of the synthesis."""
    record = BundleRecord.of(bundle)
    return assets.Asset(scope, "Bundle", path=str(bundle), asset_hash=record.sha256 if record else None)


def _code(asset: assets.Asset) -> dict[str, Any]:
    return {
        "Code": {"S3": {"Bucket": asset.s3_bucket_name, "Prefix": asset.s3_object_key}},
        "EntryPoint": [ENTRY_POINT],
        "Runtime": PYTHON,
    }


def _private(vpc: ec2.IVpc, security_group: ec2.ISecurityGroup) -> dict[str, Any]:
    return {
        "NetworkMode": "VPC",
        "NetworkModeConfig": {
            "SecurityGroups": [security_group.security_group_id],
            "Subnets": [one.subnet_id for one in vpc.private_subnets],
        },
    }
