"""What is in the bundle: all that AgentCore needs to start it, and nothing that a reader would wonder about."""

import importlib.util
import re
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.bundling.archive import EARLIEST_ZIP_TIME, READABLE_FILE
from scripts.bundling.packages import AGENT_PYTHON, LEFT_OUT, has_bytecode

ROOT = Path(__file__).resolve().parents[2]
ELF_AARCH64 = 183  # e_machine; Source: ELF for the Arm 64-bit Architecture, section "ELF header"
UNCHECKED_HASH = 0b01  # Source: PEP 552


@pytest.fixture(scope="module")
def archive(bundle: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(bundle) as opened:
        yield opened


def test_it_starts_with_the_agent(archive: zipfile.ZipFile):
    """AgentCore is told `main.py`; it and our two folders lie at the root."""
    names = set(archive.namelist())

    assert {"main.py", "runtime/main.py", "turn/__init__.py"} <= names
    assert len(archive.read("main.py").splitlines()) == 3


def test_every_extension_is_built_for_arm64(archive: zipfile.ZipFile):
    """One wheel for this machine among them would fail in the first call, on AWS only."""
    extensions = [name for name in archive.namelist() if re.search(r"\.so(\.|$)", name)]

    assert extensions
    for name in extensions:
        header = archive.read(name)[:20]
        assert header[:4] == b"\x7fELF", name
        assert int.from_bytes(header[18:20], "little") == ELF_AARCH64, name


def test_python_trusts_the_byte_code_unread(archive: zipfile.ZipFile):
    """A microVM compiles nothing at its start, whatever time the unpacked files bear."""
    assert has_bytecode(), "scripts/setup prefers Python 3.13; with another one the bundle starts slowly"
    names = set(archive.namelist())
    tag = f"cpython-{AGENT_PYTHON[0]}{AGENT_PYTHON[1]}"
    for name in (name for name in names if name.endswith(".py") and name != "main.py"):
        folder, _, file = f"/{name}".rpartition("/")
        compiled = f"{folder}/__pycache__/{file[:-3]}.{tag}.pyc".lstrip("/")
        assert compiled in names
        header = archive.read(compiled)[:8]
        assert header[:4] == importlib.util.MAGIC_NUMBER, compiled
        assert int.from_bytes(header[4:], "little") == UNCHECKED_HASH, compiled


def test_entries_carry_no_trace_of_who_built_them(archive: zipfile.ZipFile):
    """Time, owner's rights and paths of the building machine would change the hash, and tell tales."""
    for entry in archive.infolist():
        assert entry.date_time == EARLIEST_ZIP_TIME
        assert entry.external_attr >> 16 == READABLE_FILE
    compiled = archive.read(
        f"runtime/settings/__pycache__/agent.cpython-{AGENT_PYTHON[0]}{AGENT_PYTHON[1]}.pyc"
    )
    assert str(ROOT).encode() not in compiled


def test_each_package_keeps_its_licence_and_version(archive: zipfile.ZipFile):
    """We hand on other people's work under their terms; and Pipecat asks for its own version."""
    names = archive.namelist()
    shipped = {name.split("/")[0] for name in names if ".dist-info/" in name}

    assert len(shipped) > 40
    for folder in shipped:
        assert f"{folder}/METADATA" in names
        licence = re.compile(rf"{re.escape(folder)}/.*(licen[cs]e|copying|notice)", re.IGNORECASE)
        assert any(map(licence.match, names)) or b"License" in archive.read(f"{folder}/METADATA"), folder


def test_versions_are_those_of_the_lock(archive: zipfile.ZipFile):
    """Without pins the resolver falls back to a Pipecat of last year, and says nothing."""
    locked = {
        one["name"].replace("-", "_"): one["version"]
        for one in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    }
    for folder in {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}:
        name, _, version = folder.removesuffix(".dist-info").partition("-")
        assert locked[name.lower()] == version


def test_what_is_left_out_is_really_out(archive: zipfile.ZipFile):
    """The list in the code and the bundle agree; so does the lock, or an entry has lost its reason."""
    shipped = {name.split("-")[0].split("/")[0] for name in archive.namelist()}
    locked = {one["name"] for one in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    overridden = {one.partition(";")[0] for one in project["tool"]["uv"]["override-dependencies"]}

    assert not shipped & {name.replace("-", "_") for name in {*LEFT_OUT, *overridden, "cv2"}}
    assert set(LEFT_OUT) <= locked
    assert not [name for name in archive.namelist() if "/tests/" in name or name.endswith(".onnx")]
