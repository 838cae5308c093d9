"""One agent process: what AgentCore calls a microVM, without the microVM."""

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from scripts.embedded.agentcore.errors import AgentError
from scripts.embedded.children import tethered

HEALTHY_WITHIN_SECONDS = 120.0
"""Source: AWS "Runtime service contract": the first healthy `/ping` must come within 120 seconds."""
GRACE_SECONDS = 15.0
"""Source: AWS "Configure lifecycle settings": termination takes up to 15 seconds."""

_FIRST_POLL_SECONDS = 0.02
_HEALTHY = ("Healthy", "HealthyBusy")
_LINE_BYTES = 256 * 1024


class AgentProcess:
    """A started agent and the loopback port that it serves.

    Args:
        process: The tether that holds it.
        port: Where it listens.
    """

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.port = port

    @property
    def output(self) -> asyncio.StreamReader:
        """What it prints, both streams."""
        if self._process.stdout is None:
            raise RuntimeError("The agent was started without a pipe for its output.")
        return self._process.stdout

    @classmethod
    async def start(
        cls, folder: Path, entry_point: tuple[str, ...], environment: Mapping[str, str]
    ) -> "AgentProcess":
        """Start the bundle in *folder* with nothing in its environment but *environment* and its port."""
        port = _free_port()
        process = await asyncio.create_subprocess_exec(
            *tethered([sys.executable, *entry_point], grace_seconds=GRACE_SECONDS),
            cwd=folder,
            # Loopback: on AWS only the microVM's own proxy reaches the agent, here the network would.
            env={**environment, "BIND_HOST": "127.0.0.1", "PORT": str(port)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LINE_BYTES,
            # A tether in the data plane's group would be killed with it, before it had ended its agent.
            process_group=0,
        )
        return cls(process, port)

    async def wait_until_healthy(self, client: httpx.AsyncClient) -> None:
        """Return when `/ping` says that the agent is healthy.

        Raises:
            AgentError: The process ended, or was not healthy in time.
        """
        ended = asyncio.create_task(self.ended())
        healthy = asyncio.create_task(self._poll(client))
        try:
            async with asyncio.timeout(HEALTHY_WITHIN_SECONDS):
                await asyncio.wait({ended, healthy}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise AgentError(
                f"The agent's /ping was not healthy within {HEALTHY_WITHIN_SECONDS:.0f} seconds."
            ) from None
        finally:
            healthy.cancel()
            ended.cancel()
        if ended.done() and not ended.cancelled():
            raise AgentError(f"The agent ended with exit code {ended.result()} before it was healthy.")

    async def _poll(self, client: httpx.AsyncClient) -> None:
        pause = _FIRST_POLL_SECONDS
        while True:
            answer = await self.ping(client)
            if isinstance(answer, dict) and answer.get("status") in _HEALTHY:
                return
            await asyncio.sleep(pause)

    async def ping(self, client: httpx.AsyncClient) -> object:
        """Return the body of `/ping`; None when it did not answer with 200 and JSON."""
        try:
            answer = await client.get(f"http://127.0.0.1:{self.port}/ping")
            return answer.json() if answer.status_code == httpx.codes.OK else None
        except (httpx.TransportError, ValueError):
            return None

    async def ended(self) -> int:
        """Wait for the process to end and return its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End the process: SIGTERM, and SIGKILL after the grace."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def base_environment(home: Path) -> dict[str, str]:
    """Return what every process needs, and nothing that belongs to the deployer."""
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "PYTHONUNBUFFERED": "1",
    }
