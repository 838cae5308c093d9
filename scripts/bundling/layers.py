"""The Lambda layers with the third-party packages that the door's functions import."""

import filecmp
import shutil
from pathlib import Path

from scripts.bundling.archive import one_build_at_a_time, unfinished_files
from scripts.bundling.errors import BundleError
from scripts.bundling.packages import AGENT_PYTHON, Packages, find_or_build_layer

# Lambda's Python looks here before it looks where its own botocore is (`set_default_sys_path` of awslambdaric, its
# runtime interface client); the embedded cloud after the environment's packages, and takes those, which have the same
# versions: wheels for arm64 do not load everywhere.
# Source of the folder: "Packaging your layer content", AWS Lambda Developer Guide.
SITE = f"python/lib/python{AGENT_PYTHON[0]}.{AGENT_PYTHON[1]}/site-packages/"

MB = 1_000_000
# Lambda takes 250 MB, unpacked and with all layers ("Lambda quotas"), but every cold start fetches them: a
# layer that grows beyond this should be looked at first.
LARGEST_LAYER_BYTES = 10 * MB

# All that a function with the layer makes a client of; a test asks their code.
SERVICES = frozenset(
    {"bedrock-agentcore", "dynamodb", "kinesis-video-signaling", "kinesisvideo", "kms", "secretsmanager"}
)

DOOR_LAYERS = {
    "door": Packages(
        name="door", exported=("--only-group", "door", "--only-group", "aws"), folder=SITE, services=SERVICES
    ),
    "telephony": Packages(name="telephony", exported=("--only-group", "telephony"), folder=SITE),
}
"""By name."""


def layer_file(build: Path, name: str) -> Path:
    """Return where the layer *name* is in the folder *build*."""
    return build / f"{name}-layer.zip"


def make_layers(root: Path, build: Path) -> None:
    """Bring the layers in the folder *build* up to date with the lock; do nothing if they are.

    Raises:
        BundleError: A layer was not written; an older one is left as it was.
    """
    with one_build_at_a_time(root):
        for name, packages in DOOR_LAYERS.items():
            _renew(find_or_build_layer(root, packages), layer_file(build, name))


def _renew(made: Path, layer: Path) -> None:
    if layer.is_file() and filecmp.cmp(made, layer, shallow=False):
        return
    if (size := made.stat().st_size) > LARGEST_LAYER_BYTES:
        raise BundleError(
            f"{layer.name} takes {size / MB:.0f} MB zipped, and each cold start of the door would fetch it, so it "
            f"was not written. Remove a dependency, or raise LARGEST_LAYER_BYTES ({LARGEST_LAYER_BYTES / MB:.0f} "
            "MB) of scripts/bundling/layers.py."
        )
    with unfinished_files(layer.parent) as apart:
        Path(shutil.copyfile(made, apart / layer.name)).rename(layer)
