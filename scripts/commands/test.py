"""Run the tests: all of them, or the files, folders and pytest options named."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Half of the suite waits: for sockets, processes, speech in real time; so there is one worker more than
# processors, up to four.  tests/workers.py says what stays together, and what comes first.  A named part runs
# plainly: output as it comes, and pdb.
WORKERS = min(4, (os.cpu_count() or 1) + 1)
SLOWEST_SHOWN = 25
WHOLE_SUITE = (
    *("--numprocesses", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"),
    *("--durations", str(SLOWEST_SHOWN)),
)


def main() -> None:
    """Run `scripts/test`; ends with pytest's summary and its exit code."""
    system = subprocess.run(
        [ROOT / "scripts/setup", "--system"], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False
    )
    if system.returncode:
        print("test: going on without them; the tests that need them will fail and say so.", file=sys.stderr)
    os.chdir(ROOT)
    # Hundreds of processes import our modules: they are compiled once, also where Python is told to keep nothing.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    words = ["pytest", *(sys.argv[1:] or WHOLE_SUITE)]
    os.execvpe("pytest", words, environment)  # noqa: S606  (no shell: the arguments stay apart)
