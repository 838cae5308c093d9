"""The embedded cloud as one thing: starts its servers, deploys onto them with the real CDK, ends it all.

with EmbeddedCloud(progress=print) as cloud:
    cloud.deploy("embedded")
    cloud.outputs("Hotline-embedded-Door")["DoorUrl"]
"""

import contextlib
import json
import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3.session

from scripts.embedded.address import DEFAULT_PORT, HOST, REGION, Ports
from scripts.embedded.agentcore.process import GRACE_SECONDS as AGENT_GRACE_SECONDS
from scripts.embedded.cdk import Cdk
from scripts.embedded.children import Child
from scripts.embedded.clients import make_client
from scripts.embedded.identity import Identity
from scripts.embedded.work_folder import work_folder

__all__ = ["DEFAULT_PORT", "EmbeddedCloud", "EmbeddedCloudError"]

ROOT = Path(__file__).resolve().parent.parent.parent
READY_WITHIN_SECONDS = 60
GRACE_SECONDS = AGENT_GRACE_SECONDS + 5
"""For a server to end: the data plane waits for its agents, who say goodbye to their callers."""

type Progress = Callable[[str], None]


class EmbeddedCloudError(Exception):
    """The embedded cloud cannot be started, or did not end cleanly."""


class EmbeddedCloud:
    """A whole cloud on this machine, while the `with` block lasts.

    Args:
        base_port: First of three ports.
        progress: Told what happens, a line at a time.
        bedrock_arguments: More arguments for the Bedrock server, for tests.
    """

    def __init__(
        self,
        *,
        base_port: int = DEFAULT_PORT,
        progress: Progress = print,
        bedrock_arguments: Sequence[str] = (),
    ) -> None:
        self.ports = Ports(base_port)
        self._progress = progress
        self._bedrock_arguments = bedrock_arguments
        self._access_key = f"AKIA{secrets.token_hex(8).upper()}"
        self._secret = secrets.token_urlsafe(30)
        self._token = secrets.token_urlsafe(32)
        self._cleanup = contextlib.ExitStack()
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        """Start the servers.

        Raises:
            EmbeddedCloudError: A port is taken or a server did not start.
        """
        self._refuse_taken_ports()
        try:
            self._start()
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

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to find this cloud instead of AWS."""
        url = self.ports.endpoints()["services"]
        return {
            "AWS_ENDPOINT_URL": url,
            "AWS_ENDPOINT_URL_S3": url,
            "AWS_ACCESS_KEY_ID": self._access_key,
            "AWS_SECRET_ACCESS_KEY": self._secret,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def identity(self) -> Identity:
        """Whose keys are whose."""
        return Identity(url=self.ports.endpoints()["services"], token=self._token)

    def client(self, service: str) -> Any:
        """Return a boto3 client of this cloud, with the deployer's keys."""
        return make_client(
            service,
            url=self.ports.endpoints()["agentcore" if service == "bedrock-agentcore" else "services"],
            region=REGION,
            access_key=self._access_key,
            secret=self._secret,
        )

    def session(self) -> boto3.session.Session:
        """Return a boto3 session with the deployer's keys."""
        return boto3.session.Session(
            aws_access_key_id=self._access_key, aws_secret_access_key=self._secret, region_name=REGION
        )

    def deploy(self, stage: str = "embedded", overrides: Mapping[str, Any] | None = None) -> None:
        """Deploy every stack of *stage* with its knobs changed as *overrides* says.

        Calling it again updates what is there.

        Raises:
            CdkError: CDK failed; the message has the end of what it said.
        """
        self._cdk.bootstrap()
        self._cdk.deploy(stage, {**(overrides or {}), "endpoints": self.ports.endpoints()})

    def destroy(self) -> None:
        """Delete every stack that `deploy` made.

        Raises:
            CdkError: CDK failed.
        """
        self._cdk.destroy()

    def stacks(self) -> list[str]:
        """Return the names of the stacks that are there."""
        described = self.client("cloudformation").describe_stacks()["Stacks"]
        return [one["StackName"] for one in described]

    def outputs(self, stack: str) -> dict[str, str]:
        """Return the outputs of one stack."""
        (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}

    def remains(self) -> list[str]:
        """Return what is still there of a cloud that has ended: processes, ports, files."""
        running = [f"{one.name} (process {one.pid}) runs" for one in self._children if one.exit_code is None]
        taken = [f"port {port} is taken" for port in self.ports.taken()]
        files = [f"{self.work} exists"] if self.work.exists() else []
        return running + taken + files

    def _start(self) -> None:
        self.work = self._cleanup.enter_context(work_folder())
        (self.work / "tls").mkdir()
        self.trust_file = self.work / "tls" / "ca.pem"
        self._cdk = Cdk(self.work, {**self.environment, **_inherited()}, self._progress)
        services = self.ports.endpoints()["services"]
        started = [
            self._launch("ministack", self.ports.services, ["--work", self.work / "ministack"]),
            self._launch(
                "bedrock",
                self.ports.bedrock,
                ["--services", services, "--certificates", self.work / "tls", *self._bedrock_arguments],
            ),
            self._launch(
                "agentcore",
                self.ports.agentcore,
                [
                    *("--services", services, "--region", REGION),
                    *("--trust", self.trust_file, "--work", self.work / "agentcore"),
                ],
            ),
        ]
        for child in started:
            self._wait_until_ready(child)

    def _launch(self, name: str, port: int, arguments: Sequence[str | Path]) -> Child:
        folder = self.work / name
        folder.mkdir()
        log = (folder / "server.log").open("w")
        self._cleanup.callback(log.close)
        keys = {
            "HOTLINE_ACCESS_KEY": self._access_key,
            "HOTLINE_SECRET": self._secret,
            "HOTLINE_TOKEN": self._token,
        }
        child = Child(
            name,
            [sys.executable, "-m", f"scripts.embedded.{name}", "--port", str(port), *arguments],
            environment={**_inherited(), "HOME": str(folder), "TMPDIR": str(folder), **keys},
            folder=ROOT,
            log=log,
            grace_seconds=GRACE_SECONDS,
        )
        self._children.append(child)
        self._cleanup.callback(child.stop)
        return child

    def _wait_until_ready(self, child: Child) -> None:
        alarm = threading.Timer(READY_WITHIN_SECONDS, child.stop)
        alarm.start()
        try:
            line = child.first_line()
        finally:
            alarm.cancel()
        if not line:
            said = (self.work / child.name / "server.log").read_text()[-2000:]
            raise EmbeddedCloudError(f"{child.name} did not start:\n{said.strip()}")
        json.loads(line)
        self._progress(f"{child.name} is ready")

    def _refuse_taken_ports(self) -> None:
        taken = self.ports.taken()
        if taken:
            raise EmbeddedCloudError(
                f"Port {', '.join(map(str, taken))} on {HOST} is taken, so the embedded cloud was not started. "
                "End what listens there (perhaps another embedded cloud), or choose another base port."
            )


def _inherited() -> dict[str, str]:
    """The part of this process's environment that every child may see: no AWS variable of the deployer."""
    kept = ("PATH", "LANG", "LC_ALL", "HOME", "TERM")
    return {name: os.environ[name] for name in kept if name in os.environ}
