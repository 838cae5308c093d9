"""The packages that the door's functions import besides boto3."""

from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.parts.door_function import ARCHITECTURE, RUNTIME


class DoorLayer(Construct):
    """One of the layers that `scripts/bundle` makes of uv.lock."""

    version: lambda_.LayerVersion

    def __init__(self, scope: Construct, construct_id: str, *, layer: Path) -> None:
        super().__init__(scope, construct_id)
        self.version = lambda_.LayerVersion(
            self,
            "Version",
            description="Hotline: what the door imports besides boto3, as uv.lock pins it",
            code=lambda_.Code.from_asset(str(layer)),
            compatible_architectures=[ARCHITECTURE],
            compatible_runtimes=[RUNTIME],
        )
