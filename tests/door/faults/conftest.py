"""A door, its reaper and an agent's line to the ledger, on a real DynamoDB and a stand-in of AgentCore.

Time moves when a test says so, and the door can die at any step.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials

from runtime.door.agentcore import AgentCore
from runtime.door.errors import DoorError
from runtime.door.ledger import Ledger
from runtime.door.reaper import GRACE_SECONDS, Reaper
from runtime.door.session import State
from runtime.door.sessions import Sessions
from runtime.metrics import MetricWriter
from runtime.settings import DoorSettings
from tests.door.conftest import Clock, create_table
from tests.door.ministack import KEYS, REGION
from tests.door.stand_in import StandInAgentCore

ALICE = "arn:aws:iam::111122223333:user/alice"


class DiedError(BaseException):
    """The process is gone: no `except` of the code's own runs, as none would."""


class Mortal:
    """A client whose process dies, or whose service fails, at the step that a test names.

    Args:
        client: The real one.
        steps: Shared by all clients of a process: names of the operations so far.
        fault: Called before and after each operation with its number, to raise what should happen there.
    """

    def __init__(self, client: Any, steps: list[str], fault: Callable[[int, str], None]) -> None:
        self._client = client
        self._steps = steps
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)
        if not callable(operation) or name in {"exceptions", "meta"}:
            return operation

        def call(**request: Any) -> Any:
            self._steps.append(name)
            number = len(self._steps)
            self._fault(number, "before")
            answer = operation(**request)
            self._fault(number, "after")
            return answer

        return call


@dataclass
class Process:
    """One Lambda function's process, or an agent's."""

    ledger: Ledger
    sessions: Sessions
    reaper: Reaper
    steps: list[str]


@dataclass
class World:
    """Everything that a session touches."""

    settings: DoorSettings
    dynamodb: Any
    agentcore: StandInAgentCore
    clock: Clock
    table: str
    out: Any = field(default=None)

    def process(
        self, fault: Callable[[int, str], None] = lambda _number, _moment: None, *, skew: float = 0.0
    ) -> Process:
        """Start a process that *fault* befalls, with a clock that is *skew* seconds ahead."""
        steps: list[str] = []
        tables = Mortal(self.dynamodb, steps, fault)
        runtimes = Mortal(self._runtimes(), steps, fault)

        def now() -> float:
            return self.clock() + skew

        ledger = Ledger(tables, self.table, clock=now)
        agentcore = AgentCore(self.settings, runtimes, Credentials(KEYS["access_key"], KEYS["secret"]))
        metrics = MetricWriter("test", out=self.out)
        reaper = Reaper(self.settings, ledger=ledger, agentcore=agentcore, metrics=metrics, clock=now)
        sessions = Sessions(
            self.settings,
            ledger=ledger,
            agentcore=agentcore,
            reaper=reaper,
            relays=None,  # WebSocket needs none
            metrics=metrics,
            clock=now,
        )
        return Process(ledger, sessions, reaper, steps)

    def reap_until_settled(self, *, skew: float = 0.0, runs: int = 30) -> None:
        """Run the reaper every minute, as its schedule does, for as long as AgentCore's own limits last."""
        for _ in range(runs):
            self.clock.advance(60)
            with suppress(DoorError):
                self.process(skew=skew).reaper.run()
            if self.is_settled():
                return

    def rows(self) -> list[dict]:
        found = self.dynamodb.scan(TableName=self.table, ConsistentRead=True)["Items"]
        return [one for one in found if "state" in one]

    def places(self) -> list[str]:
        found = self.dynamodb.scan(TableName=self.table, ConsistentRead=True)["Items"]
        return [entry for one in found for entry in one.get("entries", {}).get("SS", [])]

    def is_settled(self) -> bool:
        woken = {session_id for session_id, _ in self.agentcore.asked}
        closed = all(one["state"]["S"] == State.CLOSED for one in self.rows())
        return closed and not self.places() and woken <= set(self.agentcore.stopped)

    def assert_settled(self) -> None:
        """Each row is closed, each microVM that was woken is stopped, and no place is lost."""
        woken = {session_id for session_id, _ in self.agentcore.asked}
        assert [one["state"]["S"] for one in self.rows() if one["state"]["S"] != State.CLOSED] == []
        assert woken - set(self.agentcore.stopped) == set()
        assert self.places() == []

    def _runtimes(self) -> Any:
        return boto3.client(
            "bedrock-agentcore",
            region_name=REGION,
            endpoint_url=self.agentcore.url,
            aws_access_key_id=KEYS["access_key"],
            aws_secret_access_key=KEYS["secret"],
            config=Config(retries={"total_max_attempts": 1}),
        )


@pytest.fixture
def world(door_settings, ministack_dynamodb, agentcore, clock, tmp_path):
    table = f"faults-{uuid4()}"
    create_table(ministack_dynamodb, table)
    with (tmp_path / "metrics").open("w") as out:
        yield World(door_settings, ministack_dynamodb, agentcore, clock, table, out)


def open_one(process: Process) -> str:
    """Open a session as a caller does, and return its id."""
    return process.sessions.open(ALICE, "websocket").session_id


GRACE = GRACE_SECONDS
