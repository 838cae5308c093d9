"""What is in a function of the door: exactly what it imports, from us, from Lambda and from its layers."""

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import aws_cdk as cdk
import pytest

from scripts.bundling.layers import DOOR_LAYERS
from scripts.bundling.packages import AGENT_PYTHON, has_bytecode
from stacks.parts.door_function import ROOT, SOURCES, DoorFunction
from stacks.parts.log_keeping import LogKeeping
from tests.stacks.deployment import STAGES, synthesise

ANY_FUNCTION = {
    "handler": "handlers.handle_request",
    "description": "any",
    "timeout": cdk.Duration.seconds(3),
    "environment": {},
    "reserved_concurrency": 0,
    "logs": LogKeeping(days=1),
}
BROUGHT_BY_LAMBDA = {*sys.stdlib_module_names, "boto3", "botocore"}
LAYERS = {"pydantic": "Layer", "pydantic_core": "Layer"}
"""Module of a third party to the construct of `DoorStack` that brings it."""
ON_THE_PHONE = {"cryptography", "jwt", "phonenumbers"}
"""What only the telephony entry imports, in a layer of its own."""


@cache
def ours(root: Path = ROOT) -> dict[str, Path]:
    """The modules that the functions are sent."""
    paths = [path for pattern in SOURCES for path in sorted(root.glob(pattern)) if path.suffix == ".py"]
    return {".".join(path.relative_to(root).with_suffix("").parts): path for path in paths}


def door_functions(stage: str) -> list[dict]:
    """The functions that are made of these modules."""
    return [
        one
        for one in synthesise(stage).resources("Door", "AWS::Lambda::Function")
        if one["Handler"].rpartition(".")[0] in ours()
    ]


@pytest.mark.parametrize("stage", STAGES)
def test_the_handlers_exist(stage):
    """The template names them as text, which no type checker reads."""
    for one in door_functions(stage):
        module, _, name = one["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_the_functions_are_sent_all_that_they_import():
    """Lambda has the standard library and boto3; anything else must be in the asset or a layer."""
    modules = ours()

    assert "runtime.door.handlers" in modules
    for path in modules.values():
        for name in imports(path):
            root = name.partition(".")[0]
            at_hand = {
                *BROUGHT_BY_LAMBDA,
                *LAYERS,
                *(ON_THE_PHONE if path.parent.name == "telephony" else ()),
            }
            assert root in at_hand or name in modules, (path, name)


@pytest.mark.parametrize("stage", STAGES)
def test_each_function_has_the_layers_that_its_imports_need_and_no_other(stage):
    """Without one it does not start, and one too many is fetched at every cold start for nothing."""
    for one in door_functions(stage):
        needed = {LAYERS[root] for root in third_parties(one["Handler"].rpartition(".")[0])}
        attached = {re.match("[A-Z][a-z]+", layer["Ref"])[0] for layer in one.get("Layers", [])}
        assert attached == {name.partition("Version")[0] for name in needed}, one["Handler"]


def test_one_python_compiles_and_runs_everything(dev):
    """Byte-code of another minor version is ignored: every cold start would compile the layer anew."""
    assert has_bytecode()
    version = ".".join(map(str, AGENT_PYTHON))
    for one in door_functions("dev"):
        if "Layers" not in one:  # the page's has nothing to compile, and runs on the newest Python
            continue
        assert (one["Runtime"], one["Architectures"]) == (f"python{version}", ["arm64"])
    (layer,) = dev.resources("Door", "AWS::Lambda::LayerVersion")
    assert (layer["CompatibleRuntimes"], layer["CompatibleArchitectures"]) == (
        [f"python{version}"],
        ["arm64"],
    )
    assert {packages.folder for packages in DOOR_LAYERS.values()} == {
        f"python/lib/python{version}/site-packages/"
    }


def test_the_functions_are_sent_nothing_else():
    """Neither the call page nor the relays' own configuration belongs into a function that callers reach."""
    with TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder)
        stack = cdk.Stack(app, "Any")
        DoorFunction(stack, "Any", **ANY_FUNCTION)
        app.synth()
        (asset,) = [one for one in Path(folder).glob("asset.*") if one.is_dir()]
        sent = {str(path.relative_to(asset)) for path in asset.rglob("*") if path.is_file()}

    assert {"runtime/door/handlers.py", "turn/sources.py", "runtime/settings/door.py"} <= sent
    assert {
        one for one in sent if not re.fullmatch(r"(runtime(/door(/telephony)?|/settings)?|turn)/\w+\.py", one)
    } == set()
    assert {one for one in sent if one.count("/") == 1 and one.startswith("runtime/")} == {
        f"runtime/{name}.py" for name in ("__init__", "clock", "errors", "metrics")
    }


def third_parties(module: str) -> set[str]:
    """The third parties that *module* imports, itself or through modules of ours."""
    modules, found, seen, waiting = ours(), set(), set(), [module]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for one in imports(modules[name]):
            if one in modules:
                waiting.append(one)
            elif one.partition(".")[0] not in BROUGHT_BY_LAMBDA:
                found.add(one.partition(".")[0])
    return found


def imports(path: Path) -> Iterator[str]:
    """The modules that the file imports, at its top or anywhere else."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import():
                yield from (one.name for one in node.names)
            case ast.ImportFrom(module=str(module)):
                # What is taken from a package of ours may be a module itself.
                inside = {f"{module}.{one.name}" for one in node.names} & ours().keys()
                yield from inside or {module}
