"""Where a stage is, or is to be: an account and a Region, on AWS or on an embedded cloud, deployed or not yet."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Self

import boto3
from botocore.exceptions import ProfileNotFound

from scripts.calling.deployment import CLIENT
from scripts.calling.running import read_running
from scripts.deploying.errors import AccountError, UnknownStageError
from scripts.embedded.address import DEFAULT_PORT
from scripts.embedded.clients import make_session
from stacks.regions import BILLING_REGION

CDK_JSON = Path(__file__).resolve().parents[2] / "cdk.json"

_one_at_a_time = Lock()
"""A session of boto3 is not safe for several threads while it makes a client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a deployer's commands need to reach a stage's account.

    Attributes:
        region: Of every stack but those that AWS has in us-east-1 alone; empty where cdk.json does not say.
        services_url: The embedded cloud's services; empty on AWS.
        agentcore_url: Its AgentCore; empty on AWS.
        typed: How commands name it: its stage, or the embedded cloud.
        overrides: With which an embedded cloud deploys the stage.
        environment: Variables that lead programs to the embedded cloud; none on AWS.
    """

    stage: str
    region: str
    session: boto3.Session
    typed: str
    services_url: str = ""
    agentcore_url: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def on_aws(cls, stage: str, region: str = "") -> Self:
        """Return the place of *stage* with the deployer's own credentials, in the Region that cdk.json names.

        Raises:
            AccountError: AWS_PROFILE names none.
        """
        region = region or region_of(stage)
        try:
            session = boto3.Session(region_name=region or BILLING_REGION)
        except ProfileNotFound as fault:
            raise AccountError(f"{fault}.  Choose another with AWS_PROFILE.") from fault
        return cls(stage=stage, region=region, session=session, typed=stage)

    @classmethod
    def on_embedded_cloud(cls, port: int) -> Self:
        """Return the place of the stage of the embedded cloud whose first port is *port*.

        Raises:
            NotDeployedError: None runs.
        """
        content = read_running(port)
        environment = content["environment"]
        return cls(
            stage=content["stage"],
            typed="--embedded" if port == DEFAULT_PORT else f"--embedded --port {port}",
            region=environment["AWS_REGION"],
            session=make_session(
                region=environment["AWS_REGION"],
                access_key=environment["AWS_ACCESS_KEY_ID"],
                secret=environment["AWS_SECRET_ACCESS_KEY"],
            ),
            services_url=content["services"],
            agentcore_url=content["agentcore"],
            overrides=content["overrides"],
            environment=environment,
        )

    @property
    def is_embedded(self) -> bool:
        """Whether it is on this machine."""
        return bool(self.services_url)

    @property
    def regions(self) -> tuple[str, ...]:
        """Every Region that it has stacks in."""
        return tuple(dict.fromkeys((self.region or BILLING_REGION, BILLING_REGION)))

    def client(self, service: str, *, region: str = "", credentials: Mapping[str, str] | None = None) -> Any:
        """Return a client of one of the account's services, with other *credentials* than the deployer's if given."""
        session: Any = self.session
        with _one_at_a_time:
            return session.client(
                service,
                endpoint_url=self.services_url or None,
                region_name=region or self.region or BILLING_REGION,
                config=CLIENT,
                **(credentials or {}),
            )

    def command(self, name: str, *words: str) -> str:
        """Return how `scripts/NAME` is typed for it."""
        return " ".join((f"scripts/{name}", self.typed, *words))


def stages() -> Mapping[str, Any]:
    """Return the table `stages` of cdk.json, unchecked.

    Raises:
        UnknownStageError: There is none to be read.
    """
    try:
        found: Mapping[str, Any] = json.loads(CDK_JSON.read_text())["context"]["stages"]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise UnknownStageError(
            f"cdk.json has no table `stages` that can be read ({fault}), so no stage is known; correct it."
        ) from fault
    return found


def region_of(stage: str) -> str:
    """Return the Region that cdk.json names for *stage*; empty if it names none."""
    written = stages().get(stage)
    region = written.get("region") if isinstance(written, dict) else None
    return region if isinstance(region, str) else ""
