"""Run the tests: all of them, or the files, folders and pytest options named."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A test that hangs ends the run and shows where it hangs, long before CI's own limit says only "killed".
LONGEST_TEST_SECONDS = 300
HANGING_ENDS = (
    *("-o", f"faulthandler_timeout={LONGEST_TEST_SECONDS}"),
    *("-o", "faulthandler_exit_on_timeout=true"),
)


def main(arguments: list[str]) -> None:
    """Run `scripts/test`; ends with pytest's summary and its exit code."""
    system = subprocess.run(
        [ROOT / "scripts/setup", "--system"], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False
    )
    if system.returncode:
        print("test: going on without them; the tests that need them will fail and say so.", file=sys.stderr)
    os.chdir(ROOT)
    os.execvp("pytest", ["pytest", *HANGING_ENDS, *arguments])  # noqa: S606  (no shell: the arguments stay apart)


if __name__ == "__main__":
    main(sys.argv[1:])
