"""The commands in scripts/: each can be started, each is where its launcher says."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAUNCHERS = sorted(
    path
    for path in (ROOT / "scripts").iterdir()
    if path.is_file() and path.suffix == "" and path.name != "setup"
)


@pytest.mark.parametrize("launcher", LAUNCHERS, ids=lambda path: path.name)
def test_a_launcher_starts_its_command_inside_the_environment(launcher: Path):
    """Whoever clones the repository starts any command first: each brings what it needs."""
    shebang, purpose, start = launcher.read_text().splitlines()
    module = launcher.name.replace("-", "_")

    assert shebang == "#!/usr/bin/env bash"
    assert purpose.startswith("# ")
    assert f'/setup" --then python -m scripts.commands {module} "$@"' in start
    assert (ROOT / f"scripts/commands/{module}.py").is_file()
    assert os.access(launcher, os.X_OK)


def test_a_command_runs_from_any_folder(tmp_path: Path):
    """`../hotline/scripts/check` is typed as often as `scripts/check`."""
    done = subprocess.run(
        [ROOT / "scripts/bundle"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_part_of_the_tests_can_be_named_and_its_summary_comes_last():
    """`scripts/test tests/x` is the daily command; CI reads the last line."""
    done = run_tests("--collect-only", "-q", "tests/scripts/test_check.py")

    assert done.returncode == 0
    assert "tests collected" in done.stdout.splitlines()[-1]


def test_what_could_not_be_installed_is_said_and_the_tests_run(tmp_path: Path):
    """Without root or network most tests can run: say what is missing, then run them."""
    for name, script in {"dpkg-query": "exit 1", "apt-get": "echo no mirror >&2; exit 100"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    done = run_tests("--collect-only", "-q", "tests/scripts/test_check.py", path=str(tmp_path))

    assert done.returncode == 0
    assert "debian-archive-keyring" in done.stderr
    assert "going on without" in done.stderr
    assert "tests collected" in done.stdout.splitlines()[-1]


def run_tests(*arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "scripts/test", *arguments],
        env={**os.environ, "PATH": f"{path}{os.pathsep if path else ''}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
