"""MiniStack with our plug-ins, on one loopback port."""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

HOST = "127.0.0.1"  # nothing outside this machine may reach a cloud whose keys are made up on the spot
ACCOUNT = "000000000000"
ADMINISTRATOR = "deployer"
ACCESS_KEY, SECRET, TOKEN = "HOTLINE_ACCESS_KEY", "HOTLINE_SECRET", "HOTLINE_TOKEN"
RELAY_SECRET = "HOTLINE_RELAY_SECRET"  # noqa: S105  (a variable's name)


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


def run(port: int, work: Path, relay_port: int) -> None:
    """Serve until SIGTERM or SIGINT; prints one JSON line when ready.

    Signaling channels issue credentials for the relay at *relay_port*.

    Raises:
        OSError: The port is taken.
    """
    secrets = {name: os.environ.pop(name) for name in (ACCESS_KEY, SECRET, TOKEN)}  # Lambda inherits the rest
    relay_secret = os.environ.pop(RELAY_SECRET, "")
    listener = listen(port)
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
    identity.add_administrator(name=ADMINISTRATOR, access_key=secrets[ACCESS_KEY], secret=secrets[SECRET])
    application = identity_endpoint.IdentityEndpoint(ministack.app.app, secrets[TOKEN])
    asyncio.run(_serve(announce(application, port), listener))


def listen(port: int) -> socket.socket:
    """Take the port before anything slow happens, so that a taken one is said at once."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen()
    return listener


def announce(inner: Any, port: int) -> Any:
    """Wrap an ASGI application so that it tells its parent when it is ready."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        async def watch(message: Any) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                print(json.dumps({"ready": True, "port": port}), flush=True)

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
