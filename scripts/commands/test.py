"""Run the tests: all of them, or the files, folders and pytest options named."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The whole suite mostly waits: for sockets, processes, speech in real time.  A file stays on one worker,
# because its fixtures are shared and expensive.  A named part runs plainly: output as it comes, and pdb.
SLOWEST_SHOWN = 25
WHOLE_SUITE = (
    *("--numprocesses", "auto", "--maxprocesses", "4", "--dist", "loadfile"),
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
    os.execvp("pytest", ["pytest", *(sys.argv[1:] or WHOLE_SUITE)])  # noqa: S606  (no shell: the arguments stay apart)
