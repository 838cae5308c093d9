"""What this project starts ends with whoever started it, however that one ends."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from scripts.embedded.children import Child, tethered
from tests.embedded.waiting import until

# Writes its process id and that of a child of its own, then waits; deaf to SIGTERM when told so.
PARENT_AND_CHILD = """
import os, pathlib, signal, subprocess, sys, time
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
unfinished = pathlib.Path(sys.argv[1] + ".part")
unfinished.write_text(f"{os.getpid()} {child.pid}")
unfinished.rename(sys.argv[1])
time.sleep(600)
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def pids_in(file):
    await until(file.exists)
    return [int(one) for one in file.read_text().split()]


@pytest.mark.parametrize("manner", ["obedient", "deaf"])
async def test_a_process_and_its_children_die_with_a_killed_starter(tmp_path, manner):
    """A laptop must not fill up with agents because somebody killed the terminal."""
    file = tmp_path / "pids"
    command = tethered([sys.executable, "-c", PARENT_AND_CHILD, str(file), manner], grace_seconds=0.2)
    starter = start(command)
    pids = await pids_in(file)

    starter.kill()
    starter.wait()

    await until(lambda: not any(alive(one) for one in pids))


def start(command):
    """Start another process that starts *command*."""
    return subprocess.Popen([sys.executable, "-c", STARTER, *command], stdout=subprocess.DEVNULL)


STARTER = textwrap.dedent(
    """
    import subprocess, sys, time
    subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
    time.sleep(600)
    """
)


async def test_a_starter_can_end_what_it_started(tmp_path):
    """The ordinary end: nothing is left when `stop` returns."""
    file = tmp_path / "pids"
    with (tmp_path / "log").open("w") as log:
        command = [sys.executable, "-c", PARENT_AND_CHILD, str(file)]
        child = Child("waiter", command, environment={}, folder=tmp_path, log=log)
        pids = await pids_in(file)

        child.stop()

    await until(lambda: not any(alive(one) for one in pids))
    assert child.exit_code == 128 + signal.SIGTERM


def test_the_exit_code_of_a_tethered_command_is_its_own():
    """Callers judge a command by its exit code, tethered or not."""
    command = tethered([sys.executable, "-c", "raise SystemExit(7)"])

    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.wait() == 7
