"""The environment in which the plain agent runs: its own, made once and kept in .cache."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.benchmarks.errors import BenchmarkError

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("plain_requirements.txt")
AGENT = Path(__file__).with_name("plain_agent.py")
ENVIRONMENT = ROOT / ".cache" / "bench" / "plain"
INSTALL_SECONDS = 600


def plain_python() -> Path:
    """Return the Python that has what the plain agent needs, installing it if necessary.

    Raises:
        BenchmarkError: It could not be installed.
    """
    stamp = ENVIRONMENT / ".hotline"
    if not stamp.exists() or stamp.read_text() != _fingerprint():
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        _uv("venv", "--quiet", "--python", sys.executable, str(ENVIRONMENT))
        _install()
        stamp.write_text(_fingerprint())
    return ENVIRONMENT / "bin" / "python"


def _install() -> None:
    """Install with byte-code, and with our versions of everything that both agents use."""
    locked = _uv("export", "--frozen", "--no-hashes", "--no-emit-project", "--quiet")
    own = {line.split("==")[0] for line in REQUIREMENTS.read_text().splitlines() if "==" in line}
    constraints = [line for line in locked.splitlines() if line.split("==")[0] not in own]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(constraints))
        file.flush()
        arguments = ["--constraints", file.name, "--compile-bytecode", "--requirements", str(REQUIREMENTS)]
        _uv("pip", "install", "--quiet", "--python", str(ENVIRONMENT), *arguments)


def _fingerprint() -> str:
    inputs = (REQUIREMENTS.read_bytes(), (ROOT / "uv.lock").read_bytes(), sys.version.encode())
    return hashlib.sha256(b"\0".join(inputs)).hexdigest()


def _uv(*arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        ["uv", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_SECONDS,
    )
    if done.returncode:
        raise BenchmarkError(
            f"The environment of the plain agent could not be made (`uv {arguments[0]}`):\n"
            f"{done.stderr.strip()}\nIt needs the package index once; after that it is kept in .cache."
        )
    return done.stdout
