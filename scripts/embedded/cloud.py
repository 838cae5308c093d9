"""The embedded cloud as one thing: starts its servers, deploys onto them with the real CDK, ends it all.

For example:
    with EmbeddedCloud(progress=print) as cloud:
        cloud.deploy("embedded")
        cloud.outputs("Hotline-embedded-Door")["DoorUrl"]
"""

import contextlib
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from scripts.embedded.account import Account
from scripts.embedded.address import DEFAULT_PORT, HOST, Ports
from scripts.embedded.bridge.settings import bridge_settings
from scripts.embedded.cdk import Cdk, asks_this_machine
from scripts.embedded.children import Child
from scripts.embedded.phones import PhoneAccount, connect_phones
from scripts.embedded.servers import ServerError, Servers
from scripts.embedded.turn.deployed import DeployedRelays
from scripts.embedded.work_folder import work_folder
from turn.settings import CoturnSettings, all_turn_settings_from

WATCH_SECONDS = 0.5
"""How often it is looked whether all servers still run."""

type Progress = Callable[[str], None]


class EmbeddedCloudError(Exception):
    """The embedded cloud cannot be started, or did not end cleanly."""


class EmbeddedCloud(Account):
    """A whole cloud on this machine, while the `with` block lasts.

    Attributes:
        relay_program: What relays calls here: coturn and its version, or a small relay of our own.

    Args:
        base_port: First of seven ports.
        progress: Told what happens, a line at a time.
        bedrock_arguments: More arguments for the Bedrock server, such as another recogniser's name.
    """

    def __init__(
        self,
        *,
        base_port: int = DEFAULT_PORT,
        progress: Progress = print,
        bedrock_arguments: Sequence[str] = (),
    ) -> None:
        super().__init__(Ports(base_port))
        self._progress = progress
        self._bedrock_arguments = bedrock_arguments
        self.scripts_secret = secrets.token_urlsafe(32)
        """With which scripts and tests get tokens of this cloud's issuer."""
        self._cleanup = contextlib.ExitStack()
        self._children: list[Child] = []
        self.overrides: dict[str, Any] = {}
        """With which the last deployment was made; `scripts/deploy --embedded` makes the next with them."""
        self.phones: list[PhoneAccount] = []
        """Numbers that `connect_phones` made, with what their providers sign with."""

    def __enter__(self) -> Self:
        """Start the servers.

        Raises:
            EmbeddedCloudError: A port is taken or a server did not start.
        """
        self._refuse_taken_ports()
        try:
            self._start()
        except ServerError as fault:
            self._cleanup.close()
            raise EmbeddedCloudError(str(fault)) from None
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _fault: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End everything; complain about what is left unless another fault is on its way already."""
        self._cleanup.close()
        left = self.remains()
        if left and kind is None:
            raise EmbeddedCloudError(f"The embedded cloud left something behind: {'; '.join(left)}.")

    def deploy(self, stage: str = "embedded", overrides: Mapping[str, Any] | None = None) -> None:
        """Deploy every stack of *stage* with its knobs changed as *overrides* says.

        Calling it again updates what is there.

        Raises:
            CdkError: CDK failed; the message has the end of what it said.
            EmbeddedCloudError: A relay of the stage did not start.
        """
        self._cdk.bootstrap()
        self.overrides = {**self._with_issuer(stage, overrides or {}), "endpoints": self.ports.endpoints()}
        self._cdk.deploy(stage, self.overrides)
        relays = json.loads(self.outputs(f"Hotline-{stage}-Door")["RelaySettings"])
        self._deployed_relays.follow(*all_turn_settings_from(relays))

    def _with_issuer(self, stage: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """Have *stage* believe this cloud's issuer, whatever its port, unless it or *overrides* ask another."""
        auth = overrides.get("auth", {})
        if "kind" in auth or not asks_this_machine(stage):
            return dict(overrides)
        return {**overrides, "auth": {"issuer": self.ports.issuer_url, **auth}}

    def serve_page(self, stage: str = "embedded") -> str:
        """Show the call page that *stage* has deployed until the cloud ends, and return its address.

        Raises:
            EmbeddedCloudError: It did not start.
        """
        distribution = self.outputs(f"Hotline-{stage}-Door")["DistributionName"]
        self._wait_for(self._servers.start_edge(distribution))
        return f"http://localhost:{self.ports.page}"

    def connect_phones(self) -> dict[str, Any]:
        """Make numbers at every provider; return the section `telephony` of a stage that has them."""
        self.phones, section = connect_phones(self.client("secretsmanager"), self.ports.bridge_url)
        return section

    def start_bridge(self, stage: str = "embedded") -> None:
        """Carry the streams of providers that need it, to the agents of *stage*.

        Raises:
            EmbeddedCloudError: It did not start.
        """
        settings = bridge_settings(stage, self.outputs(f"Hotline-{stage}-Runtime"), self.ports)
        self._wait_for(self._servers.start_bridge(settings, self.environment))

    def stay(self) -> NoReturn:
        """Wait for ever, or until the cloud is whole no more.

        Raises:
            EmbeddedCloudError: A server ended by itself.
        """
        while True:
            self.check_servers()
            time.sleep(WATCH_SECONDS)

    def check_servers(self) -> None:
        """See whether the cloud is whole.

        Raises:
            EmbeddedCloudError: A server ended by itself.
        """
        if ended := [one for one in self._children if one.ended_by_itself]:
            why = [f"{one.name} (exit code {one.exit_code}) {self._servers.last_words(one)}" for one in ended]
            raise EmbeddedCloudError(f"A server ended by itself: {'; '.join(why).strip()}")

    @property
    def agent_logs(self) -> Path:
        """Folder in which each session's agent has a file of what it prints."""
        return self.work / "agentcore" / "logs"

    def destroy(self) -> None:
        """Delete every stack that `deploy` made.

        Raises:
            CdkError: CDK failed.
        """
        self._cdk.destroy()

    def remains(self) -> list[str]:
        """Return what is still there of a cloud that has ended: processes, ports, files."""
        running = [f"{one.name} (process {one.pid}) runs" for one in self._children if one.exit_code is None]
        taken = [f"port {port} is taken" for port in self.ports.taken()]
        files = [f"{self.work} exists"] if self.work.exists() else []
        return running + taken + files

    def _start(self) -> None:
        self.work = self._cleanup.enter_context(work_folder())
        self._cdk = Cdk(self.work, self.environment, self._progress)
        self._servers = Servers(self.ports, self.work, self._keys, self._cleanup)
        self.trust_file = self._servers.trust_file
        self._children = self._servers.start(self._bedrock_arguments, self.scripts_secret)
        for child in self._children:
            self._servers.wait_until_ready(child)
            self._progress(f"{child.name} is ready")
        relay = self._servers.start_relay()
        self._children.append(relay)
        self.relay_program = str(self._servers.wait_until_ready(relay)["program"])
        self._deployed_relays = DeployedRelays(self._start_deployed_relay, self._read_secret)

    def _start_deployed_relay(self, address: str, settings: CoturnSettings, secret: str) -> Child:
        child = self._servers.start_deployed_relay(address, settings, secret)
        self._wait_for(child)
        self._progress(f"relay {address} is ready")
        return child

    def _read_secret(self, arn: str) -> str:
        return str(self.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])

    def _wait_for(self, child: Child) -> None:
        """Wait for a server that starts after the others.

        Raises:
            EmbeddedCloudError: It did not start.
        """
        self._children.append(child)
        try:
            self._servers.wait_until_ready(child)
        except ServerError as fault:
            raise EmbeddedCloudError(str(fault)) from fault

    def _refuse_taken_ports(self) -> None:
        taken = self.ports.taken()
        if taken:
            raise EmbeddedCloudError(
                f"Port {', '.join(map(str, taken))} on {HOST} is taken, so the embedded cloud was not started. "
                "End what listens there (perhaps another embedded cloud), or choose another base port."
            )
