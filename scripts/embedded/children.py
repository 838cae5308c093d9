"""Child processes that end with this one on every path."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

GRACE_SECONDS = 5.0
"""From SIGTERM to SIGKILL."""

_TETHER = Path(__file__).with_name("tether.py")


def tethered(command: Sequence[str | Path], *, grace_seconds: float = GRACE_SECONDS) -> list[str]:
    """Return the command line that runs *command* until its standard input closes."""
    # -I -S: no site-packages and no environment, so it starts in 10 to 30 ms.
    return [sys.executable, "-I", "-S", str(_TETHER), str(grace_seconds), *map(str, command)]


class Child:
    """A running child, stopped by `stop` or by the end of this process.

    Args:
        name: What to call it in messages.
        command: Program and arguments.
        environment: All of its environment.
        folder: Where it runs.
        log: Where its standard error goes.
        grace_seconds: What it gets to end by itself.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        folder: Path,
        log: IO[Any],
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self.name = name
        self._told_to_end = False
        self._process = subprocess.Popen(
            tethered(command, grace_seconds=grace_seconds),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Process id of the tether that holds the child."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    @property
    def ended_by_itself(self) -> bool:
        """Whether it ended, crashed or was killed, and nobody here asked for it."""
        return not self._told_to_end and self.exit_code is not None

    def first_line(self) -> str:
        """Wait for the first line that it prints; empty when it ended without one."""
        output = self._process.stdout
        return output.readline() if output else ""

    def stop(self) -> None:
        """End the child and wait until it has ended."""
        self._told_to_end = True
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
