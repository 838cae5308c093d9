"""Run the tests: all of them, or the files, folders and pytest options named."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The whole suite mostly waits: for sockets, processes, speech in real time.  So there is one worker more than
# processors, up to four.  A file stays on one worker, because its fixtures are shared and expensive, and files
# come in the order of their names, so that the longest (browser, bundle, embedded) are not left to the end.
# A named part runs plainly: output as it comes, and pdb.
WORKERS = min(4, (os.cpu_count() or 1) + 1)
SLOWEST_SHOWN = 25
WHOLE_SUITE = (
    *("--numprocesses", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"),
    *("--durations", str(SLOWEST_SHOWN)),
)


def main(arguments: list[str]) -> None:
    """Run `scripts/test`; ends with pytest's summary and its exit code."""
    system = subprocess.run(
        [ROOT / "scripts/setup", "--system"], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False
    )
    if system.returncode:
        print("test: going on without them; the tests that need them will fail and say so.", file=sys.stderr)
    os.chdir(ROOT)
    os.execvp("pytest", ["pytest", *(arguments or WHOLE_SUITE)])  # noqa: S606  (no shell: the arguments stay apart)


if __name__ == "__main__":
    main(sys.argv[1:])
