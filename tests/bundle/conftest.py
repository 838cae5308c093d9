"""The real bundle, made once; and copies of the repository in which a build may go wrong."""

import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.bundling.archive import one_build_at_a_time
from scripts.bundling.bundle import make_bundle
from scripts.bundling.layers import DOOR_LAYERS, make_layers
from scripts.bundling.packages import find_or_build_layer

ROOT = Path(__file__).resolve().parents[2]
INPUTS = (
    "pyproject.toml", "uv.lock", "runtime", "turn", "scripts/bundling", "scripts/__init__.py",
    "stacks/__init__.py", "stacks/bundle_record.py",
)  # fmt: skip
COMMAND = tuple(f"scripts/commands/{name}.py" for name in ("__init__", "__main__", "ending", "bundle"))


@pytest.fixture(scope="session")
def bundle() -> Path:
    """What `cdk` deploys, up to date."""
    path = ROOT / "build/agent.zip"
    make_bundle(ROOT, path)
    return path


@pytest.fixture
def without_layer(tmp_path: Path) -> Iterator[Path]:
    """A checkout that has never built a bundle."""
    root = tmp_path / "checkout"
    check_out(root)
    yield root
    shutil.rmtree(root)  # pytest keeps folders of three runs, and a layer takes 70 MB


def check_out(root: Path) -> None:
    for name in (*INPUTS, *COMMAND):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            # Another worker may be just writing byte-code there.
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, root / name)


@pytest.fixture(scope="session")
def built(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:  # noqa: ARG001  (it fills .cache)
    """A checkout whose third-party packages are in .cache, with a bundle and layers that are up to date."""
    root = tmp_path_factory.mktemp("built") / "checkout"
    check_out(root)
    (root / ".cache/bundle").mkdir(parents=True)
    with one_build_at_a_time(ROOT):
        for layer in (
            find_or_build_layer(ROOT),
            *(find_or_build_layer(ROOT, one) for one in DOOR_LAYERS.values()),
        ):
            (root / ".cache/bundle" / layer.name).hardlink_to(layer)
    make_bundle(root, root / "build/agent.zip")
    make_layers(root, root / "build")
    yield root
    shutil.rmtree(root)


@pytest.fixture
def checkout(built: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of such a checkout, for one test."""
    root = tmp_path / "built"
    # With the times, which tell whether the bundle is up to date; nobody writes to a layer.
    shutil.copytree(built, root, ignore=shutil.ignore_patterns(".cache"))
    shutil.copytree(built / ".cache", root / ".cache", copy_function=os.link)
    yield root
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def unpacked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The bundle as AgentCore lays it out."""
    folder = tmp_path_factory.mktemp("bundle")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    yield folder
    shutil.rmtree(folder)
