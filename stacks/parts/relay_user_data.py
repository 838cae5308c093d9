"""What an instance runs at its first boot: it fetches our files, and the script among them puts them to work."""

from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from turn.coturn.settings import SETTINGS_FILE, InstanceSettings

FOLDER = Path(__file__).parents[2] / "turn" / "coturn"
PROGRAMS = Path("/opt/hotline")
NOT_ON_INSTANCES = ("__pycache__", "build.sh")


class RelayUserData(Construct):
    """Names the files by their content, so that relays are replaced when one changes and at no other time."""

    script: str
    """Holds no secret: whoever may describe instances can read it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: InstanceSettings, role: iam.Role
    ) -> None:
        super().__init__(scope, construct_id)
        files = assets.Asset(self, "Files", path=str(FOLDER), exclude=list(NOT_ON_INSTANCES))
        # This one object; the construct's own grant is the whole bucket of every asset.
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"],
                resources=[
                    Stack.of(self).format_arn(
                        service="s3",
                        region="",
                        account="",
                        resource=files.s3_bucket_name,
                        resource_name=files.s3_object_key,
                    )
                ],
            )
        )
        self.script = _script(files, settings)


def _script(files: assets.Asset, settings: InstanceSettings) -> str:
    return f"""#!/bin/bash
set -euo pipefail
umask 022
programs={PROGRAMS}/turn/coturn
mkdir --parents "$programs" {SETTINGS_FILE.parent}
touch {PROGRAMS}/turn/__init__.py
python3 - "$programs" <<'END'
import io, sys, zipfile, boto3
files = boto3.client("s3", region_name="{settings.region}")
packed = files.get_object(Bucket="{files.s3_bucket_name}", Key="{files.s3_object_key}")["Body"].read()
zipfile.ZipFile(io.BytesIO(packed)).extractall(sys.argv[1])
END
cat > {SETTINGS_FILE} <<'END'
{settings.to_json()}
END
export DRAIN_SECONDS={settings.drain_seconds} TLS={str(settings.tls).lower()}
exec bash "$programs/install.sh"
"""
