"""A ledger on a DynamoDB in this process, an AgentCore on a socket, and a clock that moves when told to."""

import json
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import unquote

import boto3
import pytest
from moto import mock_aws

from runtime.door.ledger import Ledger
from runtime.settings import DoorSettings

REGION = "us-east-1"
TABLE = "ledger"
RUNTIME_ARN = "arn:aws:bedrock-agentcore:us-east-1:111122223333:runtime/hotline_dev-AbCdEf1234"


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dynamodb(monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        create_table(client, TABLE)
        yield client


@pytest.fixture
def ledger(dynamodb, clock) -> Ledger:
    return Ledger(dynamodb, TABLE, clock=clock)


def create_table(client, name: str) -> None:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "session_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "session_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def items(client) -> list[dict]:
    """Everything in the ledger table, as DynamoDB has it."""
    return client.scan(TableName=TABLE)["Items"]


@dataclass
class StandInAgentCore:
    """What answers StopRuntimeSession, on a real socket."""

    url: str
    stopped: list[str] = field(default_factory=list)
    refuses: dict[str, tuple[HTTPStatus, str]] = field(default_factory=dict)
    """Session id, or "" for every one, to the error that stopping it answers with."""


@pytest.fixture
def agentcore():
    class Answer(BaseHTTPRequestHandler):
        stand_in: ClassVar[StandInAgentCore]

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            session_id = self.headers["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"]
            path = unquote(self.path)
            assert path == f"/runtimes/{RUNTIME_ARN}/stopruntimesession?qualifier=live"
            refuses = self.stand_in.refuses
            status, error = refuses.get(session_id) or refuses.get("") or (HTTPStatus.OK, "")
            if not error:
                self.stand_in.stopped.append(session_id)
            body = json.dumps({"message": "said by the stand-in"} if error else {}).encode()
            self.send_response(status)
            self.send_header("x-amzn-ErrorType", error)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Answer.stand_in = StandInAgentCore(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Answer.stand_in
        server.shutdown()
        thread.join()


@pytest.fixture
def door_settings(agentcore) -> DoorSettings:
    return DoorSettings(
        stage="test",
        region=REGION,
        runtime_arn=RUNTIME_ARN,
        endpoint_name="live",
        ledger_table=TABLE,
        concurrency=2,
        call_seconds=900,
        join_seconds=60,
        heartbeat_lost_seconds=60,
        agentcore_url=agentcore.url,
    )
