"""The third-party packages that the door's functions import."""

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
            description="Hotline: third-party packages of the door, as uv.lock pins them",
            code=lambda_.Code.from_asset(str(layer)),
            compatible_architectures=[ARCHITECTURE],
            compatible_runtimes=[RUNTIME],
        )
