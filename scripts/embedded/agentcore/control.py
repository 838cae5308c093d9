"""What is deployed: the runtime behind an ARN and a qualifier, as the control plane knows it."""

import re
from dataclasses import dataclass
from typing import Any

import botocore.exceptions

from scripts.embedded.agentcore.errors import NotFoundError, ValidationError

DEFAULT_QUALIFIER = "DEFAULT"
DEFAULT_IDLE_SECONDS = 900
DEFAULT_LIFETIME_SECONDS = 28_800
"""Source: AWS "Configure lifecycle settings": 15 minutes and 8 hours unless the deployment says otherwise."""

_ARN = re.compile(
    r"arn:aws:bedrock-agentcore:([a-z0-9-]+):(\d{12}):runtime/([a-zA-Z][a-zA-Z0-9_]{0,99}-[a-zA-Z0-9]{10})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedRuntime:
    """One version of a runtime, as an endpoint serves it."""

    arn: str
    endpoint_arn: str
    endpoint: str
    version: str
    role_arn: str
    environment: dict[str, str]
    entry_point: tuple[str, ...]
    bucket: str
    key: str
    idle_seconds: int
    lifetime_seconds: int

    @property
    def runtime_id(self) -> str:
        """The last part of the ARN."""
        return self.arn.rsplit("/", 1)[-1]

    @property
    def region(self) -> str:
        """Where it is deployed."""
        return self.arn.split(":")[3]

    @property
    def log_group(self) -> str:
        """Where AgentCore sends what the agent prints."""
        return f"/aws/bedrock-agentcore/runtimes/{self.runtime_id}-{self.endpoint}"


class ControlPlane:
    """Reads deployments from the control plane.

    Args:
        client: A boto3 client of `bedrock-agentcore-control`.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, arn: str, qualifier: str) -> DeployedRuntime:
        """Return what *qualifier* of the runtime *arn* serves now.

        Raises:
            ValidationError: *arn* is no ARN of a runtime, or the runtime is not one of code.
            NotFoundError: There is no such runtime or endpoint.
        """
        parts = _ARN.fullmatch(arn)
        if parts is None:
            raise ValidationError(f"{arn!r} is no ARN of an agent runtime.")
        try:
            endpoint = self._client.get_agent_runtime_endpoint(
                agentRuntimeId=parts[3], endpointName=qualifier
            )
            runtime = self._client.get_agent_runtime(
                agentRuntimeId=parts[3], agentRuntimeVersion=endpoint["liveVersion"]
            )
        except botocore.exceptions.ClientError as fault:
            raise NotFoundError(
                f"No endpoint {qualifier!r} of {arn}: {fault.response['Error']['Message']}"
            ) from None
        if runtime["agentRuntimeArn"] != arn:
            raise NotFoundError(f"No runtime {arn}.")
        return _deployed(runtime, endpoint)


def _deployed(runtime: dict[str, Any], endpoint: dict[str, Any]) -> DeployedRuntime:
    code = runtime["agentRuntimeArtifact"].get("codeConfiguration")
    if code is None:
        raise ValidationError("The embedded cloud runs code deployments; this runtime is a container.")
    source = code["code"]["s3"]
    lifecycle = runtime.get("lifecycleConfiguration", {})
    return DeployedRuntime(
        arn=runtime["agentRuntimeArn"],
        endpoint_arn=endpoint["agentRuntimeEndpointArn"],
        endpoint=endpoint["name"],
        version=runtime["agentRuntimeVersion"],
        role_arn=runtime["roleArn"],
        environment=runtime.get("environmentVariables", {}),
        entry_point=tuple(code["entryPoint"]),
        bucket=source["bucket"],
        key=source["prefix"],
        idle_seconds=lifecycle.get("idleRuntimeSessionTimeout", DEFAULT_IDLE_SECONDS),
        lifetime_seconds=lifecycle.get("maxLifetime", DEFAULT_LIFETIME_SECONDS),
    )
