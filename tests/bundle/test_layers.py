"""The Lambda layers: what the door imports, for its processor, compiled, and equal every time."""

import ast
import importlib.metadata
import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from runtime.door import presign
from scripts.bundling import layers, packages
from scripts.bundling.errors import BundleError
from scripts.bundling.layers import DOOR_LAYERS, SERVICES, SITE, layer_file, make_layers
from tests.bundle.test_content import ELF_AARCH64

ROOT = Path(__file__).resolve().parents[2]
PYDANTIC = {"annotated-types", "pydantic", "pydantic-core", "typing-extensions", "typing-inspection"}
BOTOCORE = {"botocore", "jmespath", "python-dateutil", "six", "urllib3"}

CLIENTS = """
import json, sys
sys.path[:0] = sys.argv[1:3]
from botocore.config import Config
from turn.clients import Clients
made = {name: Clients().make(name, region="us-east-1", config=Config()) for name in json.loads(sys.argv[3])}
print(json.dumps({name: sorted(one.meta.method_to_api_mapping) for name, one in made.items()}))
"""
"""Makes clients as the door does, with no package but those of a layer."""


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


def test_the_doors_layer_holds_pydantic_and_botocore_and_nothing_else(build):
    """Every cold start fetches all of it, and a reviewer reads all of it."""
    assert versions(layer_file(build, "door")).keys() == PYDANTIC | BOTOCORE


def test_the_layer_knows_the_services_that_the_door_calls_and_no_others():
    """One that is missing fails at the first caller; botocore's other 420 would double what a cold start fetches."""
    modules = [*(ROOT / "runtime/door").rglob("*.py"), *(ROOT / "turn").glob("*.py")]
    calls = [
        node
        for module in modules
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call) and node.args and _called(node.func) in {"make", "_make", "_client"}
    ]
    named = {one.args[0].value for one in calls if isinstance(one.args[0], ast.Constant)}

    assert named | {presign.SERVICE} == SERVICES


def _called(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_the_layers_botocore_can_do_what_the_door_asks_of_aws(build, tmp_path):
    """Lambda's own is older, and knows no way to stop a session: callers' hang-ups and the reaper would fail."""
    with zipfile.ZipFile(layer_file(build, "door")) as archive:
        archive.extractall(tmp_path)
    words = [sys.executable, "-I", "-S", "-c", CLIENTS, str(tmp_path / SITE), str(ROOT)]

    can = json.loads(
        subprocess.run(
            [*words, json.dumps(sorted(SERVICES))], capture_output=True, text=True, check=True
        ).stdout
    )

    assert {"invoke_agent_runtime", "stop_runtime_session"} <= set(can["bedrock-agentcore"])
    assert can.keys() == SERVICES


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
