"""Entry of the agent: reads the environment once and serves AgentCore's contract.

It listens on 0.0.0.0:8080, where AgentCore looks for it.  The embedded cloud runs several agents on one
machine, sets `PORT` for each and `BIND_HOST` to loopback; AgentCore sets nothing.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from runtime.contract import Agent
from runtime.errors import SettingsError
from runtime.logs import start_logging
from runtime.settings.agent import RuntimeSettings

HOST = "0.0.0.0"  # noqa: S104  # AgentCore's contract; only the microVM's own proxy reaches it
PORT = 8080

FRAME_BYTES = 32 * 1024
"""Largest WebSocket message taken; see `runtime.transports.caller_socket`."""

BROKEN_AGENT, BROKEN_ENVIRONMENT = 1, 2
"""Exit statuses."""


def main() -> int:
    """Serve until told to stop; return the exit status."""
    try:
        settings = RuntimeSettings.from_environment(os.environ)
        host, port = os.environ.get("BIND_HOST", HOST), _port(os.environ.get("PORT", ""))
    except SettingsError as fault:
        sys.stderr.write(f"{fault}\n")
        return BROKEN_ENVIRONMENT
    _prepare()
    with asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(_serve(settings, host, port))


def _prepare() -> None:
    start_logging()
    # numpy's algebra library starts a thread per core when it is imported; nothing here needs one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _port(text: str) -> int:
    if not text:
        return PORT
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise SettingsError(f"PORT must be a port number, got {text!r}; unset it to listen on {PORT}.")
    return int(text)


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:  # Windows has none
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


async def _serve(settings: RuntimeSettings, host: str, port: int) -> int:
    agent = Agent(settings)
    server = _Server(
        uvicorn.Config(
            agent,
            host=host,
            port=port,
            access_log=False,
            log_config=None,
            lifespan="on",
            ws_max_size=FRAME_BYTES,
            ws_per_message_deflate=False,
        )
    )
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, lambda: asyncio.ensure_future(_stop(agent, server)))
    giving_up = asyncio.create_task(_give_up_if_broken(agent, server))
    await server.serve()
    giving_up.cancel()
    return BROKEN_AGENT if agent.broken.is_set() else 0


async def _give_up_if_broken(agent: Agent, server: uvicorn.Server) -> None:
    await agent.broken.wait()
    server.should_exit = True


async def _stop(agent: Agent, server: uvicorn.Server) -> None:
    try:
        await agent.stop()
    finally:
        server.should_exit = True


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn's own handling would cut callers off in the middle of a word."""
        yield


if __name__ == "__main__":
    sys.exit(main())
