"""Put the data plane together."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from scripts.embedded.address import HOST
from scripts.embedded.agentcore.app import DataPlane
from scripts.embedded.agentcore.bundles import Bundles
from scripts.embedded.agentcore.control import ControlPlane
from scripts.embedded.agentcore.gauge import PERIOD_SECONDS, published
from scripts.embedded.agentcore.lifecycle import POLL_SECONDS
from scripts.embedded.agentcore.sessions import Platform, Sessions
from scripts.embedded.clients import make_client
from scripts.embedded.handed import PlatformKeys
from scripts.embedded.identity import Identity

_AGENT_SECONDS = 5.0
"""Longest wait for a connection to an agent and for its `/ping`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the data plane must know.

    Attributes:
        port: Where it listens.
        services_url: Where MiniStack answers.
        region: Where everything is deployed.
        trust_file: Certificates that the agents trust.
        work: Folder for bundles and logs.
        keys: Of the platform itself; with their token it asks MiniStack about those of others.
        clock: Unix time.
        poll_seconds: Pause between two looks at an agent.
        count_seconds: Pause between two counts of the sessions that are up.
    """

    port: int
    services_url: str
    region: str
    trust_file: Path
    work: Path
    keys: PlatformKeys
    clock: Callable[[], float] = time.time
    poll_seconds: float = POLL_SECONDS
    count_seconds: float = PERIOD_SECONDS

    def client(self, service: str) -> Any:
        """Return a boto3 client with the platform's keys."""
        return make_client(
            service,
            url=self.services_url,
            region=self.region,
            access_key=self.keys.access_key,
            secret=self.keys.secret,
        )


@asynccontextmanager
async def open_data_plane(settings: Settings) -> AsyncIterator[DataPlane]:
    """Yield the application; every session ends with the block."""
    identity = Identity(url=settings.services_url, token=settings.keys.token)
    async with httpx.AsyncClient(trust_env=False, timeout=_AGENT_SECONDS) as http:
        platform = Platform(
            url=f"http://{HOST}:{settings.port}",
            services_url=settings.services_url,
            trust_file=settings.trust_file,
            work=settings.work,
            identity=identity,
            bundles=Bundles(settings.client("s3"), settings.work / "bundles"),
            clock=settings.clock,
            poll_seconds=settings.poll_seconds,
        )
        sessions = Sessions(platform, http)
        control = ControlPlane(settings.client("bedrock-agentcore-control"))
        gauge = published(
            sessions.count, settings.client("cloudwatch"), period_seconds=settings.count_seconds
        )
        try:
            async with gauge:
                yield DataPlane(sessions=sessions, control=control, identity=identity, client=http)
        finally:
            await sessions.close()
