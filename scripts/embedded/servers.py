"""The embedded cloud's servers: MiniStack, Bedrock, AgentCore's data plane, issuer, relays and the edge, each a process."""

import contextlib
import json
import os
import secrets
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runtime.settings.bridge import BridgeSettings
from scripts.embedded.address import REGION, Ports
from scripts.embedded.agentcore.process import GRACE_SECONDS as AGENT_GRACE_SECONDS
from scripts.embedded.children import Child
from scripts.embedded.handed import ISSUER_SECRET, RELAY_SECRET, PlatformKeys
from turn.leases import CHANNEL_ALLOCATIONS
from turn.settings import CoturnSettings
from turn.shared_secret import TURN_PORT, WEB_PORT

ROOT = Path(__file__).resolve().parent.parent.parent
READY_WITHIN_SECONDS = 60
GRACE_SECONDS = AGENT_GRACE_SECONDS + 5
"""For a server to end: the data plane waits for its agents, who say goodbye to their callers."""

CHANNEL_BYTES_PER_SECOND = 625_000
"""Of one allocation on a relay of Kinesis Video: 5 Mbit/s, a hard limit (kvswebrtc-limits.md)."""

_LOG_CHARACTERS = 2000
"""Of a server's log, for the message of a failure."""


class ServerError(Exception):
    """A server did not start."""


class Servers:
    """Starts the servers, and ends them when *cleanup* is closed.

    Args:
        ports: Where they listen.
        work: Folder that each gets a folder in.
        keys: The platform's, for all of them.
        cleanup: Ends what was started.
    """

    def __init__(self, ports: Ports, work: Path, keys: PlatformKeys, cleanup: contextlib.ExitStack) -> None:
        self._ports = ports
        self._work = work
        self._keys = keys
        self._cleanup = cleanup
        self._relay_secret = {RELAY_SECRET: secrets.token_urlsafe(36)}
        self.trust_file = work / "tls" / "ca.pem"
        """The authority that signs for Bedrock."""

    def start(self, bedrock_arguments: Sequence[str], scripts_secret: str) -> list[Child]:
        """Start those that a deployment needs, at once: none needs another before it is called.

        Args:
            bedrock_arguments: More of them, for tests.
            scripts_secret: Of the issuer's client that is no person; no other server is told.
        """
        services, certificates = self._ports.endpoints()["services"], self.trust_file.parent
        certificates.mkdir()
        relay = ("--relay-port", str(self._ports.relay))
        ministack: list[str | Path] = ["--work", self._work / "ministack", *relay]
        bedrock: list[str | Path] = ["--services", services, "--certificates", certificates]
        agentcore: list[str | Path] = ["--services", services, "--work", self._work / "agentcore"]
        return [
            self._launch("ministack", self._ports.services, ministack, self._relay_secret),
            self._launch("bedrock", self._ports.bedrock, [*bedrock, *bedrock_arguments]),
            self._launch(
                "agentcore",
                self._ports.agentcore,
                [*agentcore, "--region", REGION, "--trust", self.trust_file],
            ),
            self._launch("issuer", self._ports.issuer, (), {ISSUER_SECRET: scripts_secret}),
        ]

    def start_relay(self) -> Child:
        """Start the relay that stands for those of Kinesis Video, once there are certificates."""
        arguments = (
            *("--certificates", self.trust_file.parent),
            *("--user-quota", str(CHANNEL_ALLOCATIONS)),
            *("--bytes-per-second", str(CHANNEL_BYTES_PER_SECOND)),
        )
        return self._launch("turn", self._ports.relay, arguments, self._relay_secret)

    def start_deployed_relay(self, address: str, settings: CoturnSettings, secret: str) -> Child:
        """Start a relay that a stage has deployed, on its address."""
        web = ("--web-port", str(WEB_PORT)) if _may_listen(address, WEB_PORT) else ()
        arguments = (
            *("--address", address),
            *("--realm", settings.realm),
            *("--certificates", self.trust_file.parent),
            *web,
        )
        return self._launch("turn", TURN_PORT, arguments, {RELAY_SECRET: secret}, name=f"turn-{address}")

    def start_bridge(self, settings: BridgeSettings, aws: Mapping[str, str]) -> Child:
        """Start what Fargate runs for phone providers, with *aws*' keys instead of a task's role."""
        return self._launch("bridge", self._ports.bridge, (), {**aws, **settings.to_environment()})

    def start_edge(self, distribution: str) -> Child:
        """Show a deployed distribution, so that a browser may use the microphone on its pages."""
        arguments = ("--distribution", distribution, "--services", self._ports.endpoints()["services"])
        return self._launch("edge", self._ports.page, arguments)

    def wait_until_ready(self, child: Child) -> dict[str, Any]:
        """Return what *child* says of itself once it is ready.

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
            raise ServerError(f"{child.name} did not start:\n{self.last_words(child)}")
        about: dict[str, Any] = json.loads(line)
        return about

    def last_words(self, child: Child) -> str:
        """Return the end of what *child* wrote into its log."""
        return (self._work / child.name / "server.log").read_text()[-_LOG_CHARACTERS:].strip()

    def _launch(
        self,
        module: str,
        port: int,
        arguments: Sequence[str | Path],
        more: Mapping[str, str] | None = None,
        *,
        name: str = "",
    ) -> Child:
        name = name or module
        folder = self._work / name
        folder.mkdir(exist_ok=True)
        log = self._cleanup.enter_context((folder / "server.log").open("w"))
        child = Child(
            name,
            [sys.executable, "-m", f"scripts.embedded.{module}", "--port", str(port), *arguments],
            environment={
                **inherited(),
                "HOME": str(folder),
                "TMPDIR": str(folder),
                **self._keys.to_environment(),
                **(more or {}),
            },
            folder=ROOT,
            log=log,
            grace_seconds=GRACE_SECONDS,
        )
        self._cleanup.callback(child.stop)
        return child


def _may_listen(address: str, port: int) -> bool:
    """Whether this user may take *port*: low ones belong to root, unless the machine says otherwise."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def inherited() -> dict[str, str]:
    """Return what every child may see of this process's environment: no AWS variable of the deployer."""
    kept = ("PATH", "LANG", "LC_ALL", "HOME", "TERM")
    return {name: os.environ[name] for name in kept if name in os.environ}
