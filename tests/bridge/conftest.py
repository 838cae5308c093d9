"""A bridge on a socket, a ledger that is a real DynamoDB table's emulation, and an agent that repeats what it hears."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.credentials import Credentials
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from runtime.bridge.agent import AgentDoor
from runtime.bridge.bridge import Bridge
from runtime.door.ledger import Ledger
from runtime.door.telephony.stream_tokens import StreamTokens
from runtime.metrics import MetricWriter
from runtime.settings.bridge import BridgeSettings
from tests.runtime.dynamodb import LEDGER, REGION, DynamoDb, dynamodb

RUNTIME = f"arn:aws:bedrock-agentcore:{REGION}:123456789012:runtime/hotline_test-abcdefghij"


@pytest.fixture
def database() -> Iterator[DynamoDb]:
    with dynamodb() as served:
        yield served


@dataclass
class Agent:
    """Stands where AgentCore and the agent are."""

    url: str = ""
    paths: list[str] = field(default_factory=list)
    heard: list[str | bytes] = field(default_factory=list)
    connections: list[ServerConnection] = field(default_factory=list)
    listens: asyncio.Event = field(default_factory=asyncio.Event)
    was_reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, connection: ServerConnection) -> None:
        self.paths.append(connection.request.path if connection.request else "")
        self.connections.append(connection)
        self.was_reached.set()
        await self.listens.wait()
        async for message in connection:
            self.heard.append(message)
            await connection.send(message)


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    standing = Agent()
    standing.listens.set()
    async with serve(standing.take, "127.0.0.1", 0, compression=None, max_queue=1) as server:
        standing.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield standing
        standing.listens.set()


@dataclass
class World:
    bridge: Bridge
    url: str
    agent: Agent
    ledger: Ledger
    tokens: StreamTokens
    capsys: pytest.CaptureFixture[str]

    def expect(self, *, life_seconds: int = 60) -> tuple[str, str]:
        """Open a session and return its id, and the ticket of its stream."""
        session_id = f"hotline-{uuid.uuid4()}"
        self.ledger.open(session_id, owner="phone:one", transport="twilio", concurrency=5, per_caller=5)
        return session_id, self.tokens.issue(session_id, life_seconds=life_seconds)

    @contextlib.asynccontextmanager
    async def stream(self, session_id: str = "", token: str = "") -> AsyncIterator[ClientConnection]:
        """Connect as Twilio does."""
        if not token:
            session_id, token = self.expect()
        async with connect(f"{self.url}/stream", compression=None) as socket:
            await socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
            await socket.send(start(session=session_id, token=token))
            yield socket

    def metrics(self, name: str) -> list[float]:
        lines = [json.loads(line) for line in self.capsys.readouterr().out.splitlines() if '"_aws"' in line]
        return [line[name] for line in lines if name in line]


def start(**parameters: Any) -> str:
    return json.dumps({"event": "start", "start": {"streamSid": "MZ1", "customParameters": parameters}})


type StartBridge = Callable[..., contextlib.AbstractAsyncContextManager[World]]


@pytest.fixture
def start_bridge(agent: Agent, database: DynamoDb, capsys: pytest.CaptureFixture[str]) -> StartBridge:
    @contextlib.asynccontextmanager
    async def begin(*, most_streams: int = 5, call_seconds: float = 900) -> AsyncIterator[World]:
        settings = BridgeSettings(
            stage="test",
            region=REGION,
            runtime_arn=RUNTIME,
            endpoint_name="live",
            ledger_table=LEDGER,
            call_seconds=900,
            join_seconds=60,
            streams_per_task=most_streams,
            agentcore_url=agent.url,
        )
        tokens = StreamTokens(database.client, LEDGER)
        door = AgentDoor(
            settings, Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        )
        bridge = Bridge(
            tokens, door.connect, MetricWriter("test"), most_streams=most_streams, call_seconds=call_seconds
        )
        async with serve(
            bridge.take,
            "127.0.0.1",
            0,
            process_request=bridge.answer,
            compression=None,
            max_queue=4,
            close_timeout=0.5,
        ) as server:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield World(bridge, url, agent, Ledger(database.client, LEDGER), tokens, capsys)

    return begin
