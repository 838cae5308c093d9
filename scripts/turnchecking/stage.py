"""The relays of a deployed stage, issued as its door issues them."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import boto3

from scripts.calling.deployment import Deployment
from scripts.calling.errors import CredentialsError, NotDeployedError
from scripts.calling.running import find_running, read_running
from turn.ice_server import IceServer, IceServers
from turn.settings import TurnSettings, all_turn_settings_from
from turn.sources import ice_servers_from

LIFETIME_SECONDS = 60
"""Of the credentials, where the issuer lets us choose: long enough for one check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where relays come from, and what is needed to try them.

    Attributes:
        name: Of the stage.
        settings: Where its relays come from.
        emulated: What of it is emulated, in words; empty on AWS.
        trust_file: Who signs for its relays; none for the authorities of this machine.
    """

    name: str
    settings: TurnSettings
    emulated: str = ""
    trust_file: Path | None = None
    services_url: str = field(default="", repr=False)

    @classmethod
    def deployed(cls, name: str, region: str | None, *, place: int = 0) -> Self:
        """Find a stage on AWS with the credentials of this environment.

        Args:
            name: Of the stage.
            region: Where it is; none is that of the environment.
            place: Of the relays in the order of asking: 0 for the preferred ones.

        Raises:
            CallError: It is not there, or these credentials may not look.
        """
        deployment = Deployment.of_stage(name, boto3.Session(region_name=region))
        return cls(name=name, settings=_settings(deployment, place))

    @classmethod
    def embedded(cls, port: int, *, place: int = 0) -> Self:
        """Find the stage on the embedded cloud of this machine, and take on its deployer's keys.

        Raises:
            CallError: None runs there.
        """
        announced = read_running(port)
        become(announced["environment"])
        deployment = find_running(port)
        return cls(
            name=deployment.stage,
            settings=_settings(deployment, place),
            emulated=f"credentials and limits by the embedded cloud, relayed by {announced['relay']}",
            trust_file=Path(announced["trust"]),
            services_url=deployment.services_url,
        )

    @property
    def kind(self) -> str:
        """Who runs the relays: `managed`, `coturn` or `external`."""
        return str(self.settings.KIND)

    def source(self) -> IceServers:
        """Return what issues credentials in the door."""
        return ice_servers_from(self.settings, services_url=self.services_url or None)

    async def issue(self) -> tuple[IceServer, ...]:
        """Return what a caller would get.

        Raises:
            TurnError: Nothing is issued; the message says why.
        """
        source, caller = self.source(), f"turn-check-{secrets.token_hex(8)}"
        try:
            return await source.issue(caller, LIFETIME_SECONDS)
        finally:
            await source.release(caller)


def become(environment: Mapping[str, Any]) -> None:
    """Replace every AWS variable of this process: the clients below read them, as on Lambda."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(environment)


def _settings(deployment: Deployment, place: int) -> TurnSettings:
    if deployment.session.get_credentials() is None:
        raise CredentialsError(
            "There are no AWS credentials, so no relay credentials can be issued.  Sign in (`aws sso login`), or set AWS_PROFILE."
        )
    text = deployment.outputs.get("RelaySettings")
    if text is None:
        raise NotDeployedError(
            f"Stage {deployment.stage} has no stack Hotline-{deployment.stage}-Door with an output RelaySettings, so there "
            "is nothing to check: it was deployed in part, or by an older version.  "
            f"Deploy it with `cdk deploy --all -c stage={deployment.stage}`."
        )
    sources = all_turn_settings_from(json.loads(text))
    if place >= len(sources):
        raise NotDeployedError(
            f"Stage {deployment.stage} has no fallback {place}: its turn.fallback names {len(sources) - 1}."
        )
    return sources[place]
