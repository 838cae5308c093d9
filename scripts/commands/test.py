"""Run the tests: all of them, or the files, folders and pytest options named.

What fails beside others is run once more, alone, and named: speech in real time, placed by one worker while the
others want the same processors, may be starved.  A fault fails again.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Half of the suite waits: for sockets, processes, speech in real time; so there are two workers more than
# processors, up to four.  tests/workers.py says what stays together, and what comes first.  A named part runs
# plainly: output as it comes, and pdb.
WORKERS = min(4, (os.cpu_count() or 1) + 2)
SLOWEST_SHOWN = 25
WHOLE_SUITE = (
    *("--numprocesses", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"),
    *("--durations", str(SLOWEST_SHOWN)),
)

MOST_STARVED = 5
"""Failures that a crowded machine may explain; more of them are one fault of ours."""


def main() -> int:
    """Run `scripts/test`; ends with pytest's summary and its exit code."""
    system = subprocess.run(
        [ROOT / "scripts/setup", "--system"], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False
    )
    if system.returncode:
        print("test: going on without them; the tests that need them will fail and say so.", file=sys.stderr)
    os.chdir(ROOT)
    # Hundreds of processes import our modules: they are compiled once, also where Python is told to keep nothing.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if named := sys.argv[1:]:
        os.execvpe("pytest", ["pytest", *named], environment)  # noqa: S606  (no shell: the arguments stay apart)
    return run_whole(WHOLE_SUITE, environment, ROOT)


def run_whole(options: Sequence[str], environment: Mapping[str, str], folder: Path) -> int:
    """Run every test of *folder*, and the few that failed once more, alone; return pytest's last exit code."""
    _failures(folder).unlink(missing_ok=True)  # those of tests that are there no more would stay
    code = subprocess.run(["pytest", *options], env=environment, cwd=folder, check=False).returncode
    failed = failed_tests(folder) if code == pytest.ExitCode.TESTS_FAILED else ()
    if not 0 < len(failed) <= MOST_STARVED:
        return code
    print("\ntest: these failed beside others, and run once more, alone:", *failed, sep="\n  ", flush=True)
    return subprocess.run(["pytest", *failed], env=environment, cwd=folder, check=False).returncode


def failed_tests(folder: Path) -> Sequence[str]:
    """Name the tests that failed in the last run, as pytest's own cache has them."""
    return tuple(json.loads(_failures(folder).read_text()))


def _failures(folder: Path) -> Path:
    return folder / ".pytest_cache/v/cache/lastfailed"
