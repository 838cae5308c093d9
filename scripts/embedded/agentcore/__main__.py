"""Start AgentCore's data plane: `python -m scripts.embedded.agentcore --port 4568 --services URL ...`.

The keys of the platform come in the environment: HOTLINE_ACCESS_KEY, HOTLINE_SECRET and HOTLINE_TOKEN.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from scripts.embedded.agentcore.app import DataPlane
from scripts.embedded.agentcore.bundles import Bundles
from scripts.embedded.agentcore.control import ControlPlane
from scripts.embedded.agentcore.forwarding import FRAME_BYTES
from scripts.embedded.agentcore.sessions import Platform, Sessions
from scripts.embedded.clients import make_client
from scripts.embedded.identity import Identity

_HOST = "127.0.0.1"


def main() -> int:
    """Serve until told to stop."""
    options = _parse()
    try:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, options.port))
    except OSError as fault:
        print(
            f"Port {options.port} cannot be taken ({fault.strerror}); the data plane was not started.",
            file=sys.stderr,
        )
        return 1
    asyncio.run(_serve(options, listener))
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--services", required=True, help="where MiniStack answers")
    parser.add_argument("--region", required=True)
    parser.add_argument("--trust", type=Path, required=True, help="certificates that the agents trust")
    parser.add_argument("--work", type=Path, required=True, help="folder for bundles and logs")
    return parser.parse_args()


async def _serve(options: argparse.Namespace, listener: socket.socket) -> None:
    access_key, secret, token = (
        os.environ.pop(f"HOTLINE_{name}") for name in ("ACCESS_KEY", "SECRET", "TOKEN")
    )

    def client(service: str) -> Any:
        return make_client(
            service, url=options.services, region=options.region, access_key=access_key, secret=secret
        )

    identity = Identity(url=options.services, token=token)
    async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
        platform = Platform(
            url=f"http://{_HOST}:{options.port}",
            services_url=options.services,
            trust_file=options.trust,
            work=options.work,
            identity=identity,
            bundles=Bundles(client("s3"), options.work / "bundles"),
            metrics=client("cloudwatch"),
        )
        sessions = Sessions(platform, http)
        control = ControlPlane(client("bedrock-agentcore-control"))
        application = DataPlane(sessions=sessions, control=control, identity=identity, client=http)
        try:
            await _Server(application, options.port).serve([listener])
        finally:
            await sessions.close()


class _Server(uvicorn.Server):
    """uvicorn that tells its parent when it is ready."""

    def __init__(self, application: Any, port: int) -> None:
        config = uvicorn.Config(
            application,
            ws_max_size=FRAME_BYTES,
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)
        self._port = port

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(json.dumps({"ready": True, "port": self._port}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
