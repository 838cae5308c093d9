"""A door, its reaper and an agent's line to the ledger, on a real DynamoDB and a stand-in of AgentCore.

Time moves when a test says so, every machine may have a clock of its own, and each can die at any step.  Sessions
are opened in each of the ways in which callers come: `KINDS`.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from functools import cached_property
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials

from runtime.clock import Clock, LedgerClock
from runtime.door.agentcore import AgentCore
from runtime.door.errors import DoorError
from runtime.door.leases import LedgerLeases
from runtime.door.ledger import Ledger
from runtime.door.pace import Pace
from runtime.door.places import CALLER_PREFIX, SHARD_PREFIX
from runtime.door.reaper import GRACE_SECONDS, Reaper
from runtime.door.relays import Relays
from runtime.door.session import State
from runtime.door.sessions import Sessions
from runtime.door.share import Share
from runtime.door.telephony.callers import Callers
from runtime.door.telephony.documents import Way
from runtime.door.telephony.phone_sessions import ALL_PHONES, PhoneSessions
from runtime.door.telephony.stream_tokens import SESSION, TOKEN, StreamTokens
from runtime.door.webrtc import WebRtc
from runtime.metrics import MetricWriter
from runtime.settings.door import DoorSettings
from runtime.settings.telephony import TelephonySettings
from scripts.embedded.clients import make_client
from tests.door.conftest import Clock as TestClock
from tests.door.conftest import create_table
from tests.door.guests import create_key
from tests.door.ministack import KEYS, REGION
from tests.door.stand_in import StandInAgentCore
from tests.turn.emulated_channels import EmulatedChannels
from turn.managed import ManagedIceServers

ALICE = "arn:aws:iam::111122223333:user/alice"
NUMBER = "+14155550100"

PAGES = ("websocket", "webrtc")
PHONES = ("vonage", "twilio")
"""One whose calls reach the agent themselves, and one whose calls go over the bridge."""
KINDS = (*PAGES, *PHONES)

CHANNELS = tuple(
    f"arn:aws:kinesisvideo:us-east-1:111122223333:channel/faults-{number}/1" for number in (1, 2)
)
GRACE = GRACE_SECONDS
MINUTES = 5 * 60


class DiedError(BaseException):
    """The process is gone: no `except` of the code's own runs, as none would."""


type Fault = Callable[[int, str], None]
"""Raises what should happen before or after the operation of that number, in that order."""


def no_fault(_number: int, _moment: str) -> None:
    """Let every operation pass."""


class Mortal:
    """A client whose process dies, or whose service fails, at the step that a test names.

    Args:
        client: The real one.
        steps: Shared by all clients of a process: names of the operations so far.
        fault: Called before and after each operation.
    """

    def __init__(self, client: Any, steps: list[str], fault: Fault) -> None:
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
    """One Lambda function's process, a bridge's, or an agent's."""

    ledger: Ledger
    sessions: Sessions
    webrtc: WebRtc
    phones: PhoneSessions
    tickets: StreamTokens
    reaper: Reaper
    steps: list[str]

    def open(self, kind: str) -> str:
        """Open a session as a caller of that kind does, and return its id."""
        if kind in PAGES:
            return self.sessions.open(ALICE, kind).session_id
        session_id = f"hotline-{uuid4()}"
        self.ring(kind, session_id)
        return session_id

    def ring(self, line: str, session_id: str) -> Way:
        """Take a phone call, for which its provider may have asked before."""
        return self.phones.open(session_id, NUMBER, line=line, bridged=line == "twilio")

    def stream(self, way: Way) -> bool:
        """Begin the stream of a bridged call, as its bridge does."""
        return self.tickets.redeem(way.parameters[SESSION], way.parameters[TOKEN])


@dataclass
class World:
    """Everything that a session touches.  There is room for one, so that what is left behind is in the way."""

    settings: DoorSettings
    phone_settings: TelephonySettings
    dynamodb: Any
    kms: Any
    agentcore: StandInAgentCore
    clock: TestClock
    table: str
    out: Any
    relays: list[Relays] = field(default_factory=list)

    def process(self, fault: Fault = no_fault, *, skew: float | None = None) -> Process:
        """Start a process that *fault* befalls.

        Its time is the test's; with *skew*, its machine's clock is that many seconds ahead, and what it knows of the
        time is what it makes of that and of DynamoDB's answers.
        """
        steps: list[str] = []
        client, clock = (self.dynamodb, self.clock) if skew is None else self._machine(skew)
        tables = Mortal(client, steps, fault)
        agentcore = AgentCore(
            self.settings,
            Mortal(self._runtimes, steps, fault),
            Credentials(KEYS["access_key"], KEYS["secret"]),
        )
        ledger = Ledger(tables, self.table, clock=clock)
        metrics = MetricWriter("test", out=self.out)
        reaper = Reaper(self.settings, ledger=ledger, agentcore=agentcore, metrics=metrics)
        tickets = StreamTokens(tables, self.table, clock=clock)
        relays = self._relays(tables, clock)
        sessions = Sessions(
            self.settings, ledger=ledger, agentcore=agentcore, reaper=reaper, relays=relays, metrics=metrics
        )
        webrtc = WebRtc(
            self.settings,
            sessions=sessions,
            agentcore=agentcore,
            relays=relays,
            metrics=metrics,
            clock=ledger.now,
        )
        phones = PhoneSessions(
            self.settings,
            self.phone_settings,
            ledger=ledger,
            share=Share(
                tables, self.table, key=ALL_PHONES, most=self.phone_settings.phone_concurrency, clock=clock
            ),
            pace=Pace(tables, self.table, what="calls", most=600, clock=clock),
            callers=Callers(Mortal(self.kms, steps, fault), self.phone_settings.caller_key),
            tokens=tickets,
            agentcore=agentcore,
            metrics=metrics,
        )
        return Process(ledger, sessions, webrtc, phones, tickets, reaper, steps)

    def reap_until_settled(self, *, runs: int = 30) -> None:
        """Run the reaper every minute, as its schedule does, for as long as AgentCore's own limits last."""
        reaper = self.process().reaper
        for _ in range(runs):
            self.clock.advance(60)
            with suppress(DoorError):
                reaper.run()
            if self.is_settled():
                return

    def rows(self) -> list[dict]:
        return [one for one in self._items() if "state" in one]

    def row(self) -> dict:
        """The one session that there is."""
        (row,) = self.rows()
        return row

    def reasons(self) -> list[str]:
        return [one["reason"]["S"] for one in self.rows()]

    def places(self) -> list[str]:
        counted = (SHARD_PREFIX, CALLER_PREFIX)
        held = [one for one in self._items() if one["session_id"]["S"].startswith(counted)]
        return [entry for one in held for entry in one.get("entries", {}).get("SS", [])]

    def is_settled(self) -> bool:
        closed = all(one["state"]["S"] == State.CLOSED for one in self.rows())
        return closed and not self.places() and not self._running()

    def assert_settled(self, kind: str) -> None:
        """Each row is closed, each microVM that was woken is stopped, and the next caller of that *kind* gets in."""
        assert [one["state"]["S"] for one in self.rows() if one["state"]["S"] != State.CLOSED] == []
        assert self._running() == set()
        assert self.places() == []
        self.process().open(kind)

    def close(self) -> None:
        for one in self.relays:
            one.close()

    def _running(self) -> set[str]:
        return {session_id for session_id, _ in self.agentcore.asked} - set(self.agentcore.stopped)

    def _items(self) -> list[dict]:
        return self.dynamodb.scan(TableName=self.table, ConsistentRead=True)["Items"]

    def _machine(self, skew: float) -> tuple[Any, Clock]:
        """A client of its own, whose answers are dated by the test's clock, and what a wrong clock makes of them."""
        client = make_client("dynamodb", url=self.dynamodb.meta.endpoint_url, region=REGION, **KEYS)
        client.meta.events.register("before-parse.dynamodb", self._date)
        clock = LedgerClock(wall=lambda: self.clock() + skew, monotonic=self.clock)
        clock.follow(client)
        return client, clock

    def _date(self, response_dict: dict[str, Any], **_: Any) -> None:
        response_dict["headers"]["Date"] = formatdate(self.clock(), usegmt=True)

    def _relays(self, tables: Any, clock: Clock) -> Relays:
        leases = LedgerLeases(tables, self.table, call_allocations=3, clock=clock)
        source = ManagedIceServers(channel_arns=CHANNELS, signaling=EmulatedChannels(), leases=leases)
        self.relays.append(Relays(source, lifetime_seconds=90))
        return self.relays[-1]

    @cached_property
    def _runtimes(self) -> Any:
        return boto3.client(
            "bedrock-agentcore",
            region_name=REGION,
            endpoint_url=self.agentcore.url,
            aws_access_key_id=KEYS["access_key"],
            aws_secret_access_key=KEYS["secret"],
            config=Config(retries={"total_max_attempts": 1}),
        )


@pytest.fixture(scope="session")
def ministack_kms(ministack_dynamodb) -> Any:
    """The KMS beside the DynamoDB."""
    return make_client("kms", url=ministack_dynamodb.meta.endpoint_url, region=REGION, **KEYS)


@pytest.fixture(scope="session")
def caller_key(ministack_kms) -> str:
    return create_key(ministack_kms)


@pytest.fixture
def phones(caller_key) -> TelephonySettings:
    return TelephonySettings(
        caller_key=caller_key,
        public_url="https://door.example.com",
        phone_lines="{}",
        phone_concurrency=1,
        calls_per_number=1,
        replay_seconds=300,
        caller_countries="US",
        bridge_url="wss://bridge.example.com/stream",
    )


@pytest.fixture
def world(
    door_settings, phones, *, ministack_dynamodb, ministack_kms, agentcore, clock, tmp_path
) -> Iterator[World]:
    settings = replace(door_settings, concurrency=1, sessions_per_caller=1)
    table = f"faults-{uuid4()}"
    create_table(ministack_dynamodb, table)
    with (tmp_path / "metrics").open("w") as out:
        made = World(settings, phones, ministack_dynamodb, ministack_kms, agentcore, clock, table, out)
        yield made
        made.close()
