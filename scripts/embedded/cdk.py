"""The real CDK CLI, pointed at the embedded cloud."""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.embedded.children import tethered

ROOT = Path(__file__).resolve().parent.parent.parent
_LINES_KEPT = 60
"""Of the output, for the message of a failure."""


class CdkError(Exception):
    """The CDK CLI failed."""


class Cdk:
    """Runs the CLI of the lock, as scripts/setup put it beside python.

    Args:
        work: Folder for the cloud assembly and the CLI's caches.
        account: Variables that lead to the account, in place of all about AWS that the deployer has.
        progress: Told each line of output.
    """

    def __init__(self, work: Path, account: Mapping[str, str], progress: Callable[[str], None]) -> None:
        self._assembly = work / "cdk.out"
        self._environment = {
            **deployers_environment(),
            **account,
            "CDK_HOME": str(work / "cdk"),  # it remembers accounts by access key
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "PYTHONPATH": str(ROOT),
            "CI": "true",  # progress on standard output, errors on standard error
            "NO_COLOR": "1",
        }
        self._progress = progress
        self._bootstrapped = False

    def bootstrap(self) -> None:
        """Prepare the account, once.

        Raises:
            CdkError: It failed.
        """
        if not self._bootstrapped:
            region = self._environment["AWS_REGION"]
            self._run(
                *("bootstrap", f"aws://unknown-account/{region}"),
                *("--cloudformation-execution-policies", "arn:aws:iam::aws:policy/AdministratorAccess"),
                folder=self._assembly.parent,  # without a cdk.json: an app would have to be synthesised first
            )
            self._bootstrapped = True

    def deploy(self, stage: str, overrides: Mapping[str, Any]) -> None:
        """Synthesise and deploy every stack of *stage*.

        Raises:
            CdkError: It failed.
        """
        context = ["--context", f"stage={stage}", "--context", f"overrides={json.dumps(overrides)}"]
        self._run(
            *("deploy", "--all", "--require-approval", "never", "--progress", "events"),
            *("--output", str(self._assembly), *context),
        )

    def destroy(self) -> None:
        """Delete every stack of the last deployment.

        Raises:
            CdkError: It failed.
        """
        self._run("destroy", "--all", "--force", "--app", str(self._assembly))

    def _run(self, *arguments: str, folder: Path = ROOT) -> None:
        process = subprocess.Popen(
            tethered([cdk_cli(), *arguments]),
            cwd=folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        kept: deque[str] = deque(maxlen=_LINES_KEPT)
        with process:
            for line in process.stdout or ():
                if line.strip():
                    kept.append(line.rstrip())
                    self._progress(line.rstrip())
        if process.returncode:
            raise CdkError(
                f"`cdk {arguments[0]}` failed with exit code {process.returncode}:\n" + "\n".join(kept)
            )


def deployers_environment() -> dict[str, str]:
    """Return the deployer's environment without what is about AWS.

    CDK builds the bundle first, which reaches the package index by the deployer's own proxy and
    certificates; the cloud itself is on this machine, where no proxy leads.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    beside_proxy = ",".join(filter(None, (kept.get("NO_PROXY", ""), "localhost,127.0.0.1")))
    return {**kept, "NO_PROXY": beside_proxy, "no_proxy": beside_proxy}


def asks_this_machine(stage: str) -> bool:
    """Say whether *stage* of cdk.json lets in whom an issuer on this machine knows."""
    stages = json.loads((ROOT / "cdk.json").read_text())["context"]["stages"]
    auth = stages.get(stage, {}).get("auth", {})
    return str(auth.get("issuer", "")).startswith("http://localhost:")


def cdk_cli() -> Path:
    """Return where scripts/setup put the CLI.

    Raises:
        CdkError: It is not there.
    """
    command = Path(sys.executable).with_name("cdk")
    if not command.exists():
        raise CdkError("The CDK CLI is not installed; scripts/setup brings it.")
    return command
