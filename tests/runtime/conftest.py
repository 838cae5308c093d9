"""An agent in this process, a scripted Bedrock that speaks the real wire protocol, and a DynamoDB, all on sockets."""

import asyncio
import contextlib
import json
import os
import socket
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from runtime.contract import Agent
from runtime.door.ledger import Ledger
from runtime.door.session import Session, State
from runtime.settings.agent import RuntimeSettings
from scripts.calling.utterance import Utterance
from scripts.calling.websocket_line import WebSocketLine
from scripts.embedded.bedrock.brain import Brain
from scripts.embedded.bedrock.faults import Faults
from scripts.embedded.bedrock.limits import Limits
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain, tone
from scripts.embedded.bedrock.server import BedrockServer
from scripts.embedded.certificates import make_certificates
from tests.runtime.agent_settings import AGENT
from tests.runtime.dynamodb import LEDGER, ORDERS, REGION, DynamoDb, dynamodb

PATIENCE_SECONDS = 30.0
"""For what happens at once on an idle machine."""
SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"

# The SDK's native TLS looks for it once per process, so it is set, and there, before anything connects: every
# other client in this process reads it, too.
_CERTIFICATES = tempfile.TemporaryDirectory(prefix="hotline-tests-")
os.environ["SSL_CERT_FILE"] = str(make_certificates(Path(_CERTIFICATES.name)).ca_file)

GREETING = Scripted(says="Good morning, how can I help?", tone_seconds=0.4)
ANSWER = Scripted(says="I see.", hears="a question", tone_seconds=0.4)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Pipecat leaves the file to the garbage collector, which Python remarks upon in a test.
    warning = "ignore:.*ready.wav:pytest.PytestUnraisableExceptionWarning"
    for item in items:
        item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(autouse=True)
def _role(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials where AgentCore's own are found in an embedded run: in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)


@pytest.fixture
def database() -> Iterator[DynamoDb]:
    with dynamodb() as served:
        yield served


@contextlib.asynccontextmanager
async def bedrock(
    brain: Brain | None = None, *, faults: Faults | None = None, limits: Limits | None = None, **options: Any
) -> AsyncIterator[BedrockServer]:
    """Serve Bedrock for the block: a greeting, then short answers."""
    async with BedrockServer(
        brain or ScriptedBrain(GREETING, ANSWER),
        faults=faults,
        limits=limits,
        endpointing_seconds=0.2,
        certificates_folder=Path(_CERTIFICATES.name),
        **options,
    ) as server:
        yield server


@dataclass
class World:
    """One running agent and what it depends on."""

    settings: RuntimeSettings
    database: DynamoDb
    bedrock: BedrockServer
    port: int
    agent: Agent | None = None
    """Nothing where it runs in a process of its own."""
    capsys: pytest.CaptureFixture[str] | None = None
    _said: str = ""

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.database.client, LEDGER)

    def open_session(self, transport: str = "websocket", *, call_seconds: int = 0) -> str:
        session_id = str(uuid.uuid4())
        self.ledger.open(
            session_id,
            owner="a-caller",
            transport=transport,
            concurrency=5,
            per_caller=5,
            call_seconds=call_seconds,
        )
        return session_id

    @contextlib.asynccontextmanager
    async def call(self, session_id: str = "") -> AsyncIterator[WebSocketLine]:
        async with WebSocketLine.open(
            f"ws://127.0.0.1:{self.port}/ws", headers={SESSION_HEADER: session_id or self.open_session()}
        ) as line:
            yield line

    async def closed(self, session_id: str, seconds: float = PATIENCE_SECONDS) -> Session:
        """Wait for the session's row to be closed."""
        rows: list[Session] = []

        def is_closed() -> bool:
            rows[:] = [row for row in [self.ledger.get(session_id)] if row and row.state is State.CLOSED]
            return bool(rows)

        await until(is_closed, seconds)
        return rows[0]

    async def invoke(self, session_id: str, **request: Any) -> tuple[int, dict[str, Any]]:
        """Ask the agent of a session for something, as the door does."""
        return await self.get("/invocations", "POST", json.dumps(request).encode(), session_id=session_id)

    async def get(
        self, path: str, method: str = "GET", body: bytes = b"", *, session_id: str = ""
    ) -> tuple[int, dict[str, Any]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = [
            f"{method} {path} HTTP/1.1",
            "Host: agent",
            "Connection: close",
            f"Content-Length: {len(body)}",
        ]
        head += [f"{SESSION_HEADER}: {session_id}"] if session_id else []
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return int(answer.split()[1]), json.loads(answer.partition(b"\r\n\r\n")[2])

    def said(self) -> str:
        """Everything that the agent has written so far."""
        self._said += self.capsys.readouterr().out
        return self._said

    def metrics(self, name: str) -> list[float]:
        """Every value that was published of one metric."""
        lines = [json.loads(line) for line in self.said().splitlines() if '"_aws"' in line]
        return [line[name] for line in lines if name in line]


@pytest.fixture
def settings(database: DynamoDb) -> RuntimeSettings:
    return replace(AGENT, region=REGION, orders_table=ORDERS, ledger_table=LEDGER, services_url=database.url)


type StartAgent = Callable[..., contextlib.AbstractAsyncContextManager[World]]


@pytest.fixture
def start_agent(
    settings: RuntimeSettings, database: DynamoDb, capsys: pytest.CaptureFixture[str]
) -> StartAgent:
    """Return what runs an agent, with Bedrock behind it, for a block."""

    @contextlib.asynccontextmanager
    async def start(
        brain: Brain | None = None, *, watched: bool = True, **options: Any
    ) -> AsyncIterator[World]:
        knobs = {key: options.pop(key) for key in tuple(options) if hasattr(settings, key)}
        async with bedrock(brain, **options) as server:
            mine = replace(settings, **{"bedrock_url": server.url, **knobs})
            agent = Agent(mine)
            async with _served(agent) as port, _alive(agent) if watched else contextlib.nullcontext():
                yield World(mine, database, server, port, agent, capsys)

    return start


@contextlib.asynccontextmanager
async def _served(agent: Agent) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(agent, lifespan="on", log_config=None, ws_max_size=32 * 1024)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([listener]))
        await until(lambda: server.started)
        port = listener.getsockname()[1]
        try:
            yield port
        finally:
            await agent.stop()
            server.should_exit = True
            await serving


@contextlib.asynccontextmanager
async def _alive(agent: Agent) -> AsyncIterator[None]:
    """End the block with the agent's own error when it cannot start: nobody in it would ever be answered."""
    loading, block = agent._preload.start(), asyncio.current_task()

    def look_at(_: object) -> None:
        if not loading.cancelled() and loading.exception():
            block.cancel()

    loading.add_done_callback(look_at)
    try:
        yield
    except asyncio.CancelledError:
        if not (loading.done() and loading.exception()):
            raise
        block.uncancel()
        await loading
    finally:
        loading.remove_done_callback(look_at)


async def until(true: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.01)


async def greeted(line: WebSocketLine) -> float:
    """Hear the greeting out; return when it began."""
    return await line.ear.utterance(after=line.opened_at, start_seconds=20, end_seconds=20, quiet_seconds=0.3)


async def speak(line: WebSocketLine, seconds: float = 0.5) -> float:
    """Make a sound that the model takes for speech; return when it ended."""
    return await line.microphone.say(Utterance(tone(seconds, 16_000)))


async def ask(line: WebSocketLine) -> float:
    """Say something, hear the answer out, and return how long it took to begin."""
    ended = await speak(line)
    return await line.ear.utterance(after=ended, start_seconds=20, end_seconds=20, quiet_seconds=0.3) - ended
