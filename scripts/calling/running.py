"""How one command finds the embedded cloud that another one runs.

`scripts/local` leaves a small file while its cloud is up, with the keys that were made up for it.  They
open nothing but that cloud, which listens on loopback only; still, only its user may read them.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scripts.calling.deployment import Deployment
from scripts.calling.errors import NotDeployedError
from scripts.calling.issuer import ScriptsToken
from scripts.embedded.clients import make_session
from scripts.embedded.cloud import EmbeddedCloud
from scripts.embedded.issuer.requests import SCRIPTS_CLIENT
from scripts.embedded.phones import PhoneAccount

CACHE = Path(__file__).resolve().parents[2] / ".cache"
_ONLY_MINE = 0o600


def running_file(port: int) -> Path:
    """Return where the cloud whose first port is *port* announces itself."""
    return CACHE / f"embedded-{port}.json"


@contextlib.contextmanager
def announced(cloud: EmbeddedCloud, stage: str) -> Iterator[None]:
    """Let other commands find *cloud* for the block."""
    path = running_file(cloud.ports.base)
    content = {
        "process": os.getpid(),
        "stage": stage,
        "services": cloud.ports.endpoints()["services"],
        "agentcore": cloud.ports.endpoints()["agentcore"],
        "overrides": cloud.overrides,
        "environment": cloud.environment,
        "trust": str(cloud.trust_file),
        "relay": cloud.relay_program,
        "issuer": cloud.ports.issuer_url,
        "scripts_secret": cloud.scripts_secret,
        "phones": [asdict(one) for one in cloud.phones],
    }
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)  # the mode below counts for new files only
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_MINE), "w") as file:
        json.dump(content, file)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_running(port: int) -> dict[str, Any]:
    """Return what the embedded cloud whose first port is *port* has announced.

    Raises:
        NotDeployedError: None runs.
    """
    try:
        content: dict[str, Any] = json.loads(running_file(port).read_text())
        os.kill(content["process"], 0)
    except (OSError, ValueError):
        raise NotDeployedError(
            f"No embedded cloud is running at port {port}.  Start one with `scripts/local` in another terminal, or let "
            "`scripts/local --call` start one, call it and end it."
        ) from None
    return content


def find_running(port: int) -> Deployment:
    """Return the deployment on the embedded cloud whose first port is *port*.

    Raises:
        NotDeployedError: None runs.
    """
    content = read_running(port)
    environment = content["environment"]
    session = make_session(
        region=environment["AWS_REGION"],
        access_key=environment["AWS_ACCESS_KEY_ID"],
        secret=environment["AWS_SECRET_ACCESS_KEY"],
    )
    deployment = Deployment.of_stage(
        content["stage"], session, services_url=content["services"], relay_program=content["relay"]
    )
    phoned = deployment.called_on(PhoneAccount(**one) for one in content["phones"])
    return phoned.called_with(ScriptsToken(content["issuer"], SCRIPTS_CLIENT, content["scripts_secret"]))


def deployed_on(cloud: EmbeddedCloud, stage: str) -> Deployment:
    """Return *stage* on *cloud*, which this program runs itself.

    Raises:
        NotDeployedError: It is not there.
    """
    deployment = Deployment.of_stage(
        stage,
        cloud.session(),
        services_url=cloud.ports.endpoints()["services"],
        relay_program=cloud.relay_program,
    )
    phoned = deployment.called_on(cloud.phones)
    return phoned.called_with(ScriptsToken(cloud.ports.issuer_url, SCRIPTS_CLIENT, cloud.scripts_secret))
