"""Run a command: `python -m scripts.commands call dev`, as the launchers in scripts/ do.

Whatever the command is, Ctrl-C ends it without a traceback, also while it still imports what it needs, and so
does a reader of its output who wants no more of it (`| head`).
"""

import importlib
import os
import sys

from scripts.commands.ending import INTERRUPTED

READER_GONE = 141
"""Exit code of what the end of a pipe ended, as shells count it: 128 + SIGPIPE."""


def main() -> int:
    """Run the command that the command line names, and return its exit code."""
    name = sys.argv.pop(1)
    try:
        return _run(name)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


def _run(name: str) -> int:
    try:
        code: int = importlib.import_module(f"scripts.commands.{name}").main()
    finally:
        print(end="", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
