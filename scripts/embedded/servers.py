"""The embedded cloud's servers: MiniStack, Bedrock, AgentCore's data plane and the call page, each a process."""

import contextlib
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.embedded.address import REGION, Ports
from scripts.embedded.agentcore.process import GRACE_SECONDS as AGENT_GRACE_SECONDS
from scripts.embedded.children import Child

ROOT = Path(__file__).resolve().parent.parent.parent
READY_WITHIN_SECONDS = 60
GRACE_SECONDS = AGENT_GRACE_SECONDS + 5
"""For a server to end: the data plane waits for its agents, who say goodbye to their callers."""

_LOG_CHARACTERS = 2000
"""Of a server's log, for the message of a failure."""


class ServerError(Exception):
    """A server did not start."""


class Servers:
    """Starts the servers, and ends them when *cleanup* is closed.

    Args:
        ports: Where they listen.
        work: Folder that each gets a folder in.
        keys: Variables with the platform's keys, for all of them.
        cleanup: Ends what was started.
    """

    def __init__(
        self, ports: Ports, work: Path, keys: Mapping[str, str], cleanup: contextlib.ExitStack
    ) -> None:
        self._ports = ports
        self._work = work
        self._keys = keys
        self._cleanup = cleanup
        self.trust_file = work / "tls" / "ca.pem"
        """The authority that signs for Bedrock."""

    def start(self, bedrock_arguments: Sequence[str]) -> list[Child]:
        """Start those that a deployment needs, at once: none needs another before it is called."""
        services, certificates = self._ports.endpoints()["services"], self.trust_file.parent
        certificates.mkdir()
        ministack: list[str | Path] = ["--work", self._work / "ministack"]
        bedrock: list[str | Path] = ["--services", services, "--certificates", certificates]
        agentcore: list[str | Path] = ["--services", services, "--work", self._work / "agentcore"]
        return [
            self._launch("ministack", self._ports.services, ministack),
            self._launch("bedrock", self._ports.bedrock, [*bedrock, *bedrock_arguments]),
            self._launch(
                "agentcore",
                self._ports.agentcore,
                [*agentcore, "--region", REGION, "--trust", self.trust_file],
            ),
        ]

    def start_page(self, folder: Path, door_url: str) -> Child:
        """Serve the call page, once there is a door that it can lead to."""
        agent = f"ws://localhost:{self._ports.agentcore}"
        arguments: list[str | Path] = [
            "--folder",
            folder,
            "--door",
            door_url,
            "--agent",
            agent,
            "--region",
            REGION,
        ]
        return self._launch("page", self._ports.page, arguments)

    def wait_until_ready(self, child: Child) -> None:
        """Return when *child* has said that it is ready.

        Raises:
            ServerError: It ended instead, or took too long; the message has the end of its log.
        """
        alarm = threading.Timer(READY_WITHIN_SECONDS, child.stop)
        alarm.start()
        try:
            line = child.first_line()
        finally:
            alarm.cancel()
        if not line:
            said = (self._work / child.name / "server.log").read_text()[-_LOG_CHARACTERS:]
            raise ServerError(f"{child.name} did not start:\n{said.strip()}")

    def _launch(self, name: str, port: int, arguments: Sequence[str | Path]) -> Child:
        folder = self._work / name
        folder.mkdir()
        log = self._cleanup.enter_context((folder / "server.log").open("w"))
        child = Child(
            name,
            [sys.executable, "-m", f"scripts.embedded.{name}", "--port", str(port), *arguments],
            environment={**inherited(), "HOME": str(folder), "TMPDIR": str(folder), **self._keys},
            folder=ROOT,
            log=log,
            grace_seconds=GRACE_SECONDS,
        )
        self._cleanup.callback(child.stop)
        return child


def inherited() -> dict[str, str]:
    """Return what every child may see of this process's environment: no AWS variable of the deployer."""
    kept = ("PATH", "LANG", "LC_ALL", "HOME", "TERM")
    return {name: os.environ[name] for name in kept if name in os.environ}
