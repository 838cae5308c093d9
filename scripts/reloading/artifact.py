"""Put a new bundle behind a deployed runtime, through the stack that deployed it.

The template stays as CDK made it but for the one name: the bundle's, in the runtime and in its role's rights.
CloudFormation makes the new version and moves the endpoint to it, as it does after `cdk deploy`, without
a synthesis before it and without reading five other stacks.
"""

import json
from pathlib import Path
from typing import Any

import botocore.exceptions

from scripts.reloading.errors import ReloadError
from stacks.bundle_record import BundleRecord

_RUNTIME = "AWS::BedrockAgentCore::Runtime"
_LOOK_SECONDS = 0.2
_LOOKS = 300
"""At the stack: for a minute."""


class Artifact:
    """The bundle behind a deployed agent.

    Args:
        cloudformation: A boto3 client.
        s3: Another.
        stack: Name of the stack that holds the runtime.
    """

    def __init__(self, cloudformation: Any, s3: Any, stack: str) -> None:
        self._cloudformation = cloudformation
        self._s3 = s3
        self._stack = stack
        self._ours: set[str] = set()

    def replace(self, bundle: Path, record: BundleRecord) -> bool:
        """Deploy *bundle*; return whether another one was there.

        Raises:
            ReloadError: It was not deployed.
        """
        try:
            return self._replace(bundle, f"{record.sha256}.zip")
        except botocore.exceptions.WaiterError as fault:
            raise ReloadError(f"{self._stack} was not updated: {self._why() or fault}") from fault
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as fault:
            raise ReloadError(f"{self._stack} was not updated: {fault}") from fault

    def _replace(self, bundle: Path, key: str) -> bool:
        template = self._template()
        bucket, old_key = self._deployed(template)
        if key == old_key:
            return False
        self._upload(bundle, bucket, key)
        self._ours.add(key)
        try:
            self._update(json.dumps(template).replace(old_key, key))
        except BaseException:
            self._forget(bucket, key)
            raise
        self._forget(bucket, old_key)
        return True

    def _forget(self, bucket: str, key: str) -> None:
        """Remove a bundle that was uploaded here: the deployer's disk is not to fill with what they tried today."""
        if key in self._ours:
            self._ours.remove(key)
            self._s3.delete_object(Bucket=bucket, Key=key)

    def _template(self) -> dict[str, Any]:
        answer = self._cloudformation.get_template(StackName=self._stack, TemplateStage="Original")
        body: dict[str, Any] | str = answer["TemplateBody"]
        template: dict[str, Any] = json.loads(body) if isinstance(body, str) else dict(body)
        return template

    def _deployed(self, template: dict[str, Any]) -> tuple[str, str]:
        """Return bucket and key of the bundle that is deployed."""
        (logical_id,) = (name for name, one in template["Resources"].items() if one["Type"] == _RUNTIME)
        runtime = template["Resources"][logical_id]["Properties"]
        code = runtime["AgentRuntimeArtifact"]["CodeConfiguration"]["Code"]["S3"]
        key: str = code["Prefix"]
        return self._assets(code["Bucket"]), key

    def _assets(self, name: str | dict[str, str]) -> str:
        """Return the name of the bucket, which a template writes with the account and the Region left open."""
        pattern = name if isinstance(name, str) else name["Fn::Sub"]
        arn = self._cloudformation.describe_stacks(StackName=self._stack)["Stacks"][0]["StackId"]
        _, partition, _, region, account, _ = arn.split(":", 5)
        values = {"Partition": partition, "Region": region, "AccountId": account}
        for variable, value in values.items():
            pattern = pattern.replace(f"${{AWS::{variable}}}", value)
        return pattern

    def _upload(self, bundle: Path, bucket: str, key: str) -> None:
        with bundle.open("rb") as file:
            self._s3.put_object(Bucket=bucket, Key=key, Body=file)

    def _update(self, template: str) -> None:
        parameters = self._cloudformation.describe_stacks(StackName=self._stack)["Stacks"][0].get(
            "Parameters", []
        )
        self._cloudformation.update_stack(
            StackName=self._stack,
            TemplateBody=template,
            Parameters=[
                {"ParameterKey": one["ParameterKey"], "UsePreviousValue": True} for one in parameters
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        )
        waiter = self._cloudformation.get_waiter("stack_update_complete")
        waiter.wait(StackName=self._stack, WaiterConfig={"Delay": _LOOK_SECONDS, "MaxAttempts": _LOOKS})

    def _why(self) -> str:
        """Return what CloudFormation said of the first resource of the last update that failed."""
        events = self._cloudformation.describe_stack_events(StackName=self._stack)["StackEvents"]
        failed = [
            f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', 'no reason was given')}"
            for one in events  # latest first
            if one["ResourceStatus"] == "UPDATE_FAILED"
        ]
        return failed[0] if failed else ""
