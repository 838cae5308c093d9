"""Put the data plane together, and serve it on one loopback port."""

import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from scripts.embedded.agentcore.app import DataPlane
from scripts.embedded.agentcore.bundles import Bundles
from scripts.embedded.agentcore.control import ControlPlane
from scripts.embedded.agentcore.forwarding import FRAME_BYTES
from scripts.embedded.agentcore.gauge import PERIOD_SECONDS, published
from scripts.embedded.agentcore.lifecycle import POLL_SECONDS
from scripts.embedded.agentcore.sessions import Platform, Sessions
from scripts.embedded.clients import make_client
from scripts.embedded.identity import Identity

HOST = "127.0.0.1"

_AGENT_SECONDS = 5.0
"""Longest wait for a connection to an agent and for its `/ping`."""
_CLOSE_SECONDS = 1
"""Grace for open connections when the server is told to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the data plane must know.

    Attributes:
        port: Where it listens.
        services_url: Where MiniStack answers.
        region: Where everything is deployed.
        trust_file: Certificates that the agents trust.
        work: Folder for bundles and logs.
        access_key: Of the platform itself.
        secret: Of the platform itself.
        token: Lets it ask MiniStack about keys.
        clock: Unix time.
        poll_seconds: Pause between two looks at an agent.
        count_seconds: Pause between two counts of the sessions that are up.
    """

    port: int
    services_url: str
    region: str
    trust_file: Path
    work: Path
    access_key: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    clock: Callable[[], float] = time.time
    poll_seconds: float = POLL_SECONDS
    count_seconds: float = PERIOD_SECONDS

    def client(self, service: str) -> Any:
        """Return a boto3 client with the platform's keys."""
        return make_client(
            service,
            url=self.services_url,
            region=self.region,
            access_key=self.access_key,
            secret=self.secret,
        )


def listen(port: int) -> socket.socket:
    """Take the port, so that a taken one is said before anything is started."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    return listener


@asynccontextmanager
async def open_data_plane(settings: Settings) -> AsyncIterator[DataPlane]:
    """Yield the application; every session ends with the block."""
    identity = Identity(url=settings.services_url, token=settings.token)
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


class Server(uvicorn.Server):
    """uvicorn with AgentCore's frame limit; prints one JSON line when it is ready.

    Args:
        application: The data plane, or another server of the embedded cloud.
        port: What to announce.
    """

    def __init__(self, application: ASGIApp, port: int) -> None:
        config = uvicorn.Config(
            application,
            ws_max_size=FRAME_BYTES,
            ws_per_message_deflate=False,
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=_CLOSE_SECONDS,
        )
        super().__init__(config)
        self._port = port

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve, and tell the parent."""
        await super().startup(sockets)
        print(json.dumps({"ready": True, "port": self._port}), flush=True)
