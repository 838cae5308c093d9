"""The bundle spares the agent from compiling what dataclasses write, and never lets it run anything else."""

import dataclasses
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from runtime.generated_code import STORE, compiled_ahead, pack

# Compiling is an audited event; a class of dataclasses has "__create_fn__" in its source.
COUNT = """
import json, sys
import dataclasses, runtime.generated_code
compiled = []
def heard(event, arguments):
    if event == "compile" and arguments[0] and b"__create_fn__" in bytes(arguments[0]):
        compiled.append(1)
sys.addaudithook(heard)
from runtime import preload
preload._import_everything()
json.dump({"compiled": len(compiled), "helps": dataclasses.__dict__.get("exec") is not None}, sys.stdout)
"""


@pytest.fixture
def ours(bundle: Path, tmp_path: Path) -> Path:
    """What the bundle holds of ours; packages come from this environment."""
    with zipfile.ZipFile(bundle) as archive:
        own = [name for name in archive.namelist() if name.split("/")[0] in {"runtime", "turn"}]
        archive.extractall(tmp_path, own)
    return tmp_path


def compiled_at_start(folder: Path) -> int:
    done = subprocess.run([sys.executable, "-c", COUNT], cwd=folder, capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert not found["helps"], "what is defined later must not pass through it"
    return int(found["compiled"])


def test_the_agent_of_the_bundle_compiles_no_method_of_a_dataclass(ours: Path):
    assert compiled_at_start(ours) == 0


def test_without_the_store_it_compiles_them_all(ours: Path):
    """As in a checkout; it also shows that the count above counts."""
    (ours / "runtime" / STORE.name).unlink()

    assert compiled_at_start(ours) > 300


def define() -> type:
    return dataclasses.make_dataclass("Point", [("x", int), ("y", int, 2)], frozen=True)


def recorded() -> list[str]:
    sources: list[str] = []

    def run(source: str, *namespaces: dict) -> None:
        sources.append(source)
        exec(source, *namespaces)  # noqa: S102

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataclasses, "exec", run, raising=False)
        define()
    return sources


def test_a_class_made_from_the_store_is_the_same_class(tmp_path: Path):
    store = tmp_path / "store.bin"
    store.write_bytes(pack(iter(recorded())))

    with compiled_ahead(store):
        ahead = define()

    assert repr(ahead(1)) == repr(define()(1))
    assert ahead(1) == ahead(1, 2) != ahead(2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        ahead(1).x = 3


def test_a_store_of_another_python_is_not_read(tmp_path: Path):
    """marshal's format is one version's own: reading another's may crash the process."""
    store = tmp_path / "store.bin"
    store.write_bytes(b"\0\0\0\0" + b"not for this version")

    with compiled_ahead(store):
        assert define()(1).y == 2
