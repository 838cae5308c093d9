"""Entry of the bridge: reads the environment once and serves until it is told to stop."""

import asyncio
import contextlib
import os
import signal
import sys
from typing import Any

import botocore.session
from botocore.config import Config
from websockets.asyncio.server import serve

from runtime.bridge.agent import AgentDoor
from runtime.bridge.bridge import Bridge
from runtime.bridge.carrying import CLOSE_SECONDS, FRAME_BYTES, FRAMES_WAITING
from runtime.door.telephony.stream_tokens import StreamTokens
from runtime.errors import SettingsError
from runtime.logs import start_logging
from runtime.metrics import MetricWriter
from runtime.settings.bridge import BridgeSettings

PORT = 8080

HANDSHAKE_SECONDS = 5.0
"""A provider that has connected speaks at once; nobody else gets a place for longer."""

COUNT_SECONDS = 60.0
"""CloudWatch's own period; counting more often would only cost log lines."""

DRAIN_SECONDS = 100.0
"""What is left of Fargate's two minutes once closing is counted.

The load balancer has waited for the length of a call before it comes to this.
"""

BROKEN_ENVIRONMENT = 2

# A caller is waiting in silence.
_PATIENCE = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})


def main() -> int:
    """Serve until told to stop; return the exit status."""
    start_logging()
    try:
        settings = BridgeSettings.from_environment(os.environ)
    except SettingsError as fault:
        sys.stderr.write(f"{fault}\n")
        return BROKEN_ENVIRONMENT
    host, port = os.environ.get("BIND_HOST", ""), int(os.environ.get("PORT", PORT))
    asyncio.run(_serve(settings, host or None, port))
    return 0


async def _serve(settings: BridgeSettings, host: str | None, port: int) -> None:
    session = botocore.session.get_session()
    bridge = Bridge(
        StreamTokens(_dynamodb(session, settings), settings.ledger_table),
        AgentDoor(settings, session.get_credentials()).connect,
        MetricWriter(settings.stage),
        most_streams=settings.streams_per_task,
        call_seconds=settings.call_seconds,
    )
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    async with serve(
        bridge.take,
        host,
        port,
        process_request=bridge.answer,
        open_timeout=HANDSHAKE_SECONDS,
        close_timeout=CLOSE_SECONDS,
        max_size=FRAME_BYTES,
        max_queue=FRAMES_WAITING,
        compression=None,
        server_header=None,
    ):
        counting = asyncio.create_task(bridge.count(COUNT_SECONDS))
        await stopping.wait()
        await bridge.drain(DRAIN_SECONDS)
        counting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await counting


def _dynamodb(session: Any, settings: BridgeSettings) -> Any:
    return session.create_client("dynamodb", region_name=settings.region, config=_PATIENCE)


if __name__ == "__main__":
    sys.exit(main())
