"""The real bundle, made once; and a copy of the repository in which a build may go wrong."""

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.bundling.bundle import make_bundle
from scripts.bundling.packages import find_or_build_layer

ROOT = Path(__file__).resolve().parents[2]
INPUTS = (
    "pyproject.toml", "uv.lock", "runtime", "turn", "scripts/bundling", "scripts/__init__.py",
    "stacks/__init__.py", "stacks/bundle_record.py",
)  # fmt: skip


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
    for name in (*INPUTS, "scripts/commands/__init__.py", "scripts/commands/bundle.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile)(ROOT / name, root / name)
    yield root
    shutil.rmtree(root)  # pytest keeps folders of three runs, and a layer takes 70 MB


@pytest.fixture
def checkout(without_layer: Path, tmp_path: Path, bundle: Path) -> Iterator[Path]:  # noqa: ARG001  (it fills .cache)
    """A checkout whose third-party packages are in .cache, so that a build needs no network."""
    root = tmp_path / "with-layer"
    shutil.copytree(without_layer, root)
    layer = find_or_build_layer(ROOT)
    (root / ".cache/bundle").mkdir(parents=True)
    (root / ".cache/bundle" / layer.name).hardlink_to(layer)
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
