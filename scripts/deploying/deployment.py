"""Runs `cdk deploy` for a stage, and says what is there afterwards."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from scripts.deploying.place import Place
from scripts.deploying.stacks import ORDER, is_absent, stack_names
from scripts.embedded.cdk import ROOT, Cdk, CdkError, cdk_cli


@dataclass(frozen=True, slots=True)
class Made:
    """One stack that is there."""

    name: str
    region: str
    status: str
    outputs: Mapping[str, str]


def deploy(place: Place, words: Sequence[str], progress: Callable[[str], None]) -> None:
    """Make everything that `cdk` deploys, and deploy every stack of the stage.

    On AWS the CDK has the terminal: it shows its progress, and asks before it widens who may do what.

    Args:
        place: Where.
        words: More for `cdk deploy`; of no use on an embedded cloud, which asks nothing.
        progress: Told each line of an embedded cloud's deployment.

    Raises:
        CdkError: The CDK failed, or was told no.
    """
    if place.is_embedded:
        with tempfile.TemporaryDirectory(prefix="hotline-deploy-") as folder:
            Cdk(Path(folder), place.environment, progress).deploy(place.stage, place.overrides)
        return
    command = [str(cdk_cli()), "deploy", "--all", "--context", f"stage={place.stage}", *words]
    environment = {"CDK_DISABLE_CLI_TELEMETRY": "true", **os.environ}
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if code:
        raise CdkError(
            f"`cdk deploy` ended with exit code {code}, and says why above.  CloudFormation rolls back a stack that fails; "
            "those before it stay.  Run this again to go on."
        )


def made(place: Place) -> Iterator[Made]:
    """Go through the stacks that are there, in the order in which they were made.

    Raises:
        ClientError: CloudFormation does not tell.
    """
    for stack in sorted(stack_names(place), key=lambda one: -ORDER.index(one.part)):
        client = place.client("cloudformation", region=stack.region)
        try:
            found = client.describe_stacks(StackName=stack.name)["Stacks"][0]
        except ClientError as fault:
            if is_absent(fault):
                continue
            raise
        outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())}
        yield Made(stack.name, stack.region, found["StackStatus"], outputs)
