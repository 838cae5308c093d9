"""The bundle on the processor that it is made for."""

import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bundle.arm64 import Arm64Python, find_or_fetch_python
from tests.bundle.started_agent import started

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def arm64_python() -> Arm64Python:
    return find_or_fetch_python(ROOT / ".cache")


@pytest.fixture(scope="module")
def first_ping(arm64_python: Arm64Python, unpacked: Path) -> Iterator[dict[str, object]]:
    with started(arm64_python.command, unpacked) as answer:
        yield answer


def test_the_agent_is_healthy_on_arm64(first_ping: dict[str, object]):
    """Every extension module that a call needs loads on the processor of a microVM, from the bundle alone."""
    assert first_ping["status"] == "Healthy"


def test_nothing_is_compiled_at_its_start(first_ping: dict[str, object], unpacked: Path, bundle: Path):  # noqa: ARG001
    """Python writes what it had to compile, so a caller who waited for a compiler would show."""
    with zipfile.ZipFile(bundle) as archive:
        shipped = {name for name in archive.namelist() if name.endswith(".pyc")}

    assert {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*.pyc")} == shipped


def test_it_ran_on_arm64_with_the_agents_python(arm64_python: Arm64Python):
    """The proof above is one only if nothing of this machine's own Python took part."""
    ask = "import platform, sys; print(platform.machine(), *sys.version_info[:2])"
    said = subprocess.run(
        [*arm64_python.command, "-c", ask], capture_output=True, text=True, check=True
    ).stdout

    assert said.split() == ["aarch64", "3", "13"]
