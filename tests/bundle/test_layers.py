"""The Lambda layers: what the door imports besides boto3, for its processor, compiled, and equal every time."""

import importlib.metadata
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from scripts.bundling import layers, packages
from scripts.bundling.errors import BundleError
from scripts.bundling.layers import DOOR_LAYERS, SITE, layer_file, make_layers
from tests.bundle.test_content import ELF_AARCH64

ROOT = Path(__file__).resolve().parents[2]
DOOR_PACKAGES = {"annotated-types", "pydantic", "pydantic-core", "typing-extensions", "typing-inspection"}


@pytest.fixture(scope="module")
def build(tmp_path_factory) -> Path:
    """A folder with the layers, made of what .cache holds."""
    folder = tmp_path_factory.mktemp("build")
    make_layers(ROOT, folder)
    return folder


def versions(layer: Path) -> dict[str, str]:
    """Name and version of each package in the layer."""
    found = {}
    with zipfile.ZipFile(layer) as archive:
        for name in archive.namelist():
            if name.endswith(".dist-info/METADATA"):
                told = importlib.metadata.PathDistribution(
                    zipfile.Path(archive, name.removesuffix("METADATA"))
                )
                found[told.metadata["Name"].replace("_", "-").lower()] = told.version
    return found


def test_the_doors_layer_holds_pydantic_and_nothing_else(build):
    """Every cold start fetches all of it, and a reviewer reads all of it."""
    assert versions(layer_file(build, "door")).keys() == DOOR_PACKAGES


@pytest.mark.parametrize("name", DOOR_LAYERS)
def test_a_layer_holds_what_the_lock_names_and_this_environment_has(build, name):
    """The embedded cloud runs the door with the environment's own packages: they must be the same ones."""
    locked = {one["name"]: one["version"] for one in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    for package, version in versions(layer_file(build, name)).items():
        assert version == locked[package] == importlib.metadata.version(package), package


@pytest.mark.parametrize("name", DOOR_LAYERS)
def test_a_layer_is_for_lambdas_processor_and_compiled(build, name):
    """An extension for another processor fails at the first caller; without byte-code each start compiles."""
    with zipfile.ZipFile(layer_file(build, name)) as archive:
        names = archive.namelist()
        extensions = [one for one in names if one.endswith(".so")]
        assert all(one.startswith(SITE) for one in names)
        assert extensions
        for one in extensions:
            assert int.from_bytes(archive.read(one)[18:20], "little") == ELF_AARCH64, one
        sources = [one for one in names if one.endswith(".py")]
        assert len([one for one in names if one.endswith(".pyc")]) == len(sources)


def test_layers_that_are_up_to_date_are_left_alone(build):
    """`cdk` asks before every synth; an untouched file needs no new version of the layer."""
    before = {name: layer_file(build, name).stat() for name in DOOR_LAYERS}

    make_layers(ROOT, build)

    for name, file in before.items():
        assert layer_file(build, name).stat().st_ino == file.st_ino


def test_a_layer_changed_by_hand_is_made_again(tmp_path):
    """What is deployed is what the lock names, not what somebody once tried out in build/."""
    make_layers(ROOT, tmp_path)
    right = layer_file(tmp_path, "door").read_bytes()
    layer_file(tmp_path, "door").write_bytes(right[:-1] + b"?")

    make_layers(ROOT, tmp_path)

    assert layer_file(tmp_path, "door").read_bytes() == right


def test_a_layer_that_grew_is_not_written(tmp_path, monkeypatch):
    """One large dependency would cost every caller's first request, and nobody would notice why."""
    monkeypatch.setattr(layers, "LARGEST_LAYER_BYTES", 1_000)

    with pytest.raises(BundleError, match="so it was not written"):
        make_layers(ROOT, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_without_network_the_first_build_says_which_file_is_missing(without_layer, tmp_path, monkeypatch):
    """Behind a firewall the answer is a file to copy, not a stack trace."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))

    with pytest.raises(BundleError, match=rf"\.cache/bundle/door-{packages.layer_key(without_layer)}\.zip"):
        make_layers(without_layer, tmp_path / "build")


def test_another_checkout_builds_the_same_layers(without_layer, build, tmp_path):
    """CloudFormation publishes a new version only when something in it changed, whoever deploys."""
    make_layers(without_layer, tmp_path)

    for name in DOOR_LAYERS:
        assert layer_file(tmp_path, name).read_bytes() == layer_file(build, name).read_bytes()


def test_packages_of_the_environment_come_before_a_layers(build, tmp_path):
    """The embedded cloud adds a layer's folder as Lambda does, last: wheels for arm64 do not load everywhere."""
    with zipfile.ZipFile(layer_file(build, "door")) as archive:
        archive.extractall(tmp_path)
    program = f"import site; site.addsitedir({str(tmp_path / SITE)!r}); import pydantic_core; print(pydantic_core.__file__)"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout

    assert not loaded.startswith(str(tmp_path))
