"""MiniStack with our plug-ins, on one loopback port."""

import asyncio
import os
import signal
import socket
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from scripts.embedded.address import HOST
from scripts.embedded.handed import RELAY_SECRET, PlatformKeys
from scripts.embedded.listening import announce

ACCOUNT = "000000000000"
ADMINISTRATOR = "deployer"


def configure(port: int, work: Path) -> None:
    """Set what MiniStack reads from its environment, some of it while it is imported."""
    os.environ |= {
        "AUTH": "true",  # verify signatures and evaluate policies
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "S3_DATA_DIR": str(work / "s3"),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }


def run(listener: socket.socket, port: int, work: Path, relay_port: int) -> None:
    """Serve until SIGTERM or SIGINT; prints one JSON line when ready.

    Args:
        listener: What to serve.
        port: Where it listens.
        work: Folder for everything that is written.
        relay_port: Of the relay that signaling channels issue credentials for.
    """
    # Taken out of the environment: functions of Lambda inherit the rest.
    keys, relay_secret = PlatformKeys.taken_from(os.environ), os.environ.pop(RELAY_SECRET, "")
    configure(port, work)

    import ministack.app  # noqa: PLC0415  (reads the environment)

    from scripts.embedded.ministack import (  # noqa: PLC0415  (import MiniStack)
        identity,
        identity_endpoint,
        plugins,
        signaling,
    )

    relay = signaling.ManagedRelay(HOST, relay_port, relay_secret)
    plugins.install(f"http://localhost:{port}", relay)
    identity.add_administrator(name=ADMINISTRATOR, access_key=keys.access_key, secret=keys.secret)
    application = identity_endpoint.IdentityEndpoint(ministack.app.app, keys.token)
    asyncio.run(_serve(_announced(application, port), listener))


def _announced(inner: Any, port: int) -> Any:
    """Wrap an ASGI application so that it tells its parent when it is ready."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        async def watch(message: Any) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                announce(port=port)

        await inner(scope, receive, watch if scope["type"] == "lifespan" else send)

    return application


async def _serve(application: Any, listener: socket.socket) -> None:
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75  # seconds; the SDKs keep connections for up to 60
    stop = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    await serve(application, config, shutdown_trigger=stop.wait)
