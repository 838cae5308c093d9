"""An agent started from an unpacked bundle, as AgentCore starts it: nothing but its own folder and settings."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from runtime.settings.agent import RuntimeSettings
from tests.runtime.agent_settings import AGENT

SETTINGS = replace(AGENT, stage="bundle-test")
HEALTHY_WITHIN_SECONDS = 240  # emulated, on a busy machine; AgentCore itself gives up after 120


@dataclass(frozen=True)
class StartedAgent:
    """A healthy agent."""

    port: int
    first_ping: dict[str, object]


@contextmanager
def started(
    command: Sequence[str], folder: Path, settings: RuntimeSettings = SETTINGS, **environment: str
) -> Iterator[StartedAgent]:
    """Run `main.py` of *folder* for the block, which begins when `/ping` is healthy."""
    port = free_port()
    agent = subprocess.Popen(
        [*command, "main.py"],
        cwd=folder,
        env={**settings.to_environment(), "PORT": str(port), "LANG": "C.UTF-8", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield StartedAgent(port, healthy_answer(agent, port))
    finally:
        agent.terminate()
        agent.communicate()


def healthy_answer(agent: subprocess.Popen[str], port: int) -> dict[str, object]:
    """Ask until the agent is healthy: it is not before everything that a call needs is imported.

    Raises:
        AssertionError: It ended instead; the message holds all that it printed.
    """
    give_up = time.monotonic() + HEALTHY_WITHIN_SECONDS
    while time.monotonic() < give_up:
        if agent.poll() is not None:
            raise AssertionError(f"The agent ended with {agent.returncode}:\n{agent.communicate()[0]}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=10) as answer:
                return json.load(answer)
        except (urllib.error.URLError, TimeoutError, ConnectionError) as not_yet:
            if isinstance(not_yet, urllib.error.HTTPError):
                not_yet.close()
            time.sleep(0.1)
    agent.kill()
    raise AssertionError(f"The agent was not healthy in time. It printed:\n{agent.communicate()[0]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
