"""The agent as AgentCore starts it: a process with an environment."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.door.ledger import Ledger
from runtime.settings.agent import RuntimeSettings
from scripts.calling.websocket_line import WebSocketLine
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from tests.runtime.conftest import SESSION_HEADER, ask, bedrock, greeted, until
from tests.runtime.dynamodb import LEDGER

ROOT = Path(__file__).parents[2]
EXIT_SECONDS = 20


def command(settings: RuntimeSettings | None, **environment: str) -> tuple[list[str], dict[str, str]]:
    variables = settings.to_environment() if settings else {}
    inherited = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE")}
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "an-example"}
    return [sys.executable, "-m", "runtime.main"], inherited | keys | variables | environment


def run(settings: RuntimeSettings | None, **environment: str) -> subprocess.CompletedProcess[str]:
    words, variables = command(settings, **environment)
    return subprocess.run(
        words, env=variables, cwd=ROOT, capture_output=True, text=True, timeout=EXIT_SECONDS, check=False
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextlib.contextmanager
def started(settings: RuntimeSettings, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    words, variables = command(settings, PORT=str(port))
    with (
        log.open("wb") as out,
        subprocess.Popen(words, env=variables, cwd=ROOT, stdout=out, stderr=out) as agent,
    ):
        try:
            yield agent, port
        finally:
            agent.kill()


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping") as answer:
            return json.load(answer)["status"] == "Healthy"
    except urllib.error.HTTPError as not_yet:
        not_yet.close()
    except OSError:
        pass  # nobody listens yet
    return False


def test_a_broken_environment_is_named_in_full_and_ends_the_start(settings):
    """Whoever reads the log of a runtime that does not start needs a sentence, not a traceback."""
    environment = settings.to_environment() | {"HOTLINE_IDLE_SECONDS": "soon"}
    del environment["HOTLINE_MODEL_ID"]
    ended = run(None, **environment)

    assert ended.returncode == 2
    assert "HOTLINE_MODEL_ID: is not set" in ended.stderr
    assert "HOTLINE_IDLE_SECONDS" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_none_is_refused(settings):
    """The embedded cloud sets it, and may be wrong."""
    ended = run(settings, PORT="eighty")

    assert ended.returncode == 2
    assert "PORT must be a port number, got 'eighty'" in ended.stderr


def test_a_port_that_is_taken_is_said_so(settings):
    """Two agents on one port would otherwise fail in silence."""
    with socket.create_server(("", 0)) as taken:
        ended = run(settings, PORT=str(taken.getsockname()[1]))

    assert ended.returncode not in {0, None}
    assert "address already in use" in ended.stdout.lower()
    assert "Traceback" not in ended.stdout + ended.stderr


def test_an_agent_that_cannot_be_imported_says_so_and_ends(settings, tmp_path):
    """Pinged as "Starting" for two minutes, it would be replaced by another that fails alike."""
    (tmp_path / "pipecat.py").write_text("raise ImportError('the bundle lacks a library')")
    ended = run(settings, PORT=str(free_port()), PYTHONPATH=str(tmp_path))

    assert ended.returncode == 1
    assert "The agent cannot start." in ended.stdout
    assert "the bundle lacks a library" in ended.stdout


def test_an_idle_agent_stops_when_told_to(settings, tmp_path):
    """AgentCore ends a session with SIGTERM and waits 15 s before it kills."""
    with started(settings, tmp_path / "log") as (agent, port):
        while not healthy(port):
            assert agent.poll() is None
        agent.send_signal(signal.SIGTERM)

        assert agent.wait(EXIT_SECONDS) == 0


@pytest.fixture
async def call(settings, database, tmp_path):
    """A call to an agent in a process of its own, and what that process wrote."""
    answers = ScriptedBrain(
        Scripted(says="Purple greeting.", tone_seconds=0.3),
        Scripted(
            hears="my secret is heliotrope",
            says="Turquoise answer {result}.",
            tone_seconds=0.3,
            tool=("order_status", {"order_number": "427"}),
        ),
        Scripted(says="Crimson goodbye.", tone_seconds=0.3),
    )
    session_id = str(uuid.uuid4())
    ledger = Ledger(database.client, LEDGER)
    ledger.open(session_id, owner="a-caller", transport="websocket", concurrency=5, per_caller=5)
    async with bedrock(answers) as server:
        mine = RuntimeSettings(
            **{name: getattr(settings, name) for name in settings.__slots__} | {"bedrock_url": server.url}
        )
        with started(mine, tmp_path / "log") as (agent, port):
            await until(lambda: healthy(port), seconds=EXIT_SECONDS)
            async with WebSocketLine.open(
                f"ws://127.0.0.1:{port}/ws", headers={SESSION_HEADER: session_id}
            ) as line:
                await greeted(line)
                yield line, agent, lambda: ledger.get(session_id), tmp_path / "log", server


async def test_stopping_ends_a_call_in_words_and_in_the_ledger(call):
    """A deployment of a new version should not cut callers off in the middle of a word."""
    line, agent, row, _, server = call
    before = time.monotonic()
    agent.send_signal(signal.SIGTERM)
    await line.ear.utterance(after=before, start_seconds=20, end_seconds=20, quiet_seconds=0.3)
    await until(lambda: line.ear.lost)

    assert await asyncio.to_thread(agent.wait, EXIT_SECONDS) == 0
    assert (row().state, row().reason) == ("closed", "stopped")
    assert server.sessions[0].conversation.turns == 2


async def test_nothing_that_was_said_reaches_the_log(call):
    """What callers say is theirs: not the operator's, not CloudWatch's, for 30 days or at all."""
    line, agent, _, log, _ = call
    await ask(line)
    typed = time.monotonic()
    await line._tell("send-text", {"content": "typed chartreuse"})
    await line.ear.utterance(after=typed, start_seconds=20, end_seconds=20, quiet_seconds=0.3)
    await line.hang_up()
    agent.terminate()
    await asyncio.to_thread(agent.wait, EXIT_SECONDS)
    written = log.read_text().lower()

    for word in ("purple", "heliotrope", "turquoise", "chartreuse", "427", "shipped", "a-caller"):
        assert word not in written


async def test_every_line_of_the_log_is_json(call):
    """A line that is none is no metric: CloudWatch skips it without a word."""
    line, agent, _, log, _ = call
    await ask(line)
    await line.hang_up()
    agent.terminate()
    await asyncio.to_thread(agent.wait, EXIT_SECONDS)

    lines = [json.loads(one) for one in log.read_text().splitlines()]
    assert any("_aws" in one for one in lines)
