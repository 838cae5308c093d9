"""An embedded cloud with everything deployed, for calls that are really placed."""

import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from runtime.door.ledger import Ledger
from runtime.door.session import State
from scripts.calling.errors import CallError, RefusedError
from scripts.calling.rehearsal import Verdict
from scripts.calling.running import deployed_on
from scripts.embedded.cloud import EmbeddedCloud
from tests.browser.conftest import chromium, tab, voice  # noqa: F401 - fixtures of these tests, too
from tests.embedded.conftest import free_base_port

QUICK_REAPER = {"door": {"heartbeat_lost_seconds": 30}}
"""The least that a stage may have."""

TRIES = 4
"""On a busy machine an agent may start too late, and callers try again."""


async def judged(place: Callable[[], Awaitable[Verdict]]) -> Verdict:
    """Place a call: again where no agent started in time, and once again where it went through and went wrong.

    Speech that a busy machine delays may be misheard, as in life; what is misheard twice is a fault.
    """
    wrong = refused = 0
    while True:
        try:
            return await place()
        except RefusedError:
            refused += 1
            if refused == TRIES:
                raise
        except CallError:
            wrong += 1
            if wrong > 1:
                raise


class DeployedCloud:
    """A cloud with stage `embedded` on it, and what a test asks about it."""

    def __init__(self, cloud: EmbeddedCloud) -> None:
        self.cloud = cloud
        self.deployment = deployed_on(cloud, "embedded")
        self.ledger = Ledger(self.deployment.tables(), self.deployment.outputs["LedgerTable"])

    def open_session(self):
        with contextlib.closing(self.deployment.door()) as door:
            for _ in range(TRIES):
                try:
                    return door.open("websocket")
                except RefusedError as refused:
                    if "agent does not answer" not in str(refused):
                        raise
        raise AssertionError(f"no agent was ready in time, {TRIES} times")

    def closed_row(self, session_id, *, seconds):
        """Wait until the session is closed, and return its row."""
        return wait_for(lambda: self._closed(session_id), seconds=seconds)

    def agents(self):
        """Process ids of the agents that run on this cloud."""
        return [one for one in processes_in(self.cloud.work) if command(one)[1:] == ["main.py"]]

    def bedrock(self):
        """Process id of this cloud's Bedrock, not of the tether that holds it."""
        return server("bedrock", self.cloud.ports.bedrock)

    def relay(self):
        """Process id of what relays in place of Kinesis Video."""
        return server("turn", self.cloud.ports.relay)

    def agents_gone(self, *, seconds):
        return wait_for(lambda: not self.agents(), seconds=seconds)

    def _closed(self, session_id):
        row = self.ledger.get(session_id)
        return row if row.state is State.CLOSED else None


def wait_for(ask, *, seconds=60):
    """Ask again and again, and return the first answer that is one."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"nothing happened within {seconds} s"
        time.sleep(0.1)
    return answer


def processes_in(folder):
    """Process ids of everything that runs in *folder* or below."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            inside = Path(entry, "cwd").resolve(strict=True).is_relative_to(folder)
        except OSError:  # ended meanwhile, or another user's
            continue
        if inside:
            found.append(int(entry.name))
    return found


def server(name, port):
    """Process id of a server of an embedded cloud, not of the tether that holds it."""
    serve = ["-m", f"scripts.embedded.{name}", "--port", str(port)]
    (process,) = (one for one in processes_in(Path("/")) if command(one)[1:5] == serve)
    return process


def command(process):
    """The words of a process's command line; none if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


@pytest.fixture(scope="package")
def deployed():
    """One for all files of this folder; who ends a part of it comes last (tests/workers.py)."""
    with EmbeddedCloud(base_port=free_base_port(), progress=lambda _line: None) as cloud:
        cloud.deploy("embedded", QUICK_REAPER)
        yield DeployedCloud(cloud)
