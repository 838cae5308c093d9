"""Run a command that dies with whoever started it, however that one ends.

    python -I -S tether.py GRACE_SECONDS COMMAND ...

Standard input is the tether: when its other end closes (the starter let go, crashed or was killed),
the command's whole process group gets SIGTERM and, after the grace, SIGKILL.  Only the standard
library, and little of it: this runs once per agent session and must start in milliseconds.
"""

import os
import signal
import sys
import threading
import time

_POLL_SECONDS = 0.02
_SIGNALLED = 128
"""What shells add to a signal's number to make an exit code."""


def main() -> int:
    """Run the command of the command line and return its exit code."""
    grace_seconds, command = float(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the starter, which decides
    signal.signal(signal.SIGTERM, lambda *_: os.close(0))
    nothing = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    child = os.posix_spawnp(
        command[0],
        command,
        os.environ,
        file_actions=nothing,
        setpgroup=0,
        setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGPIPE],
    )
    threading.Thread(target=_cut_when_let_go, args=(child, grace_seconds), daemon=True).start()
    _, status = os.waitpid(child, 0)
    _signal_group(child, signal.SIGKILL)  # what the command itself left behind
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else _SIGNALLED - code


def _cut_when_let_go(child: int, grace_seconds: float) -> None:
    try:
        while os.read(0, 1024):
            pass
    except OSError:  # closed by SIGTERM
        pass
    _signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and _signal_group(child, 0):
        time.sleep(_POLL_SECONDS)
    _signal_group(child, signal.SIGKILL)


def _signal_group(child: int, number: int) -> bool:
    try:
        os.killpg(child, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
