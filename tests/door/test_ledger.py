from contextlib import suppress
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from hypothesis.strategies import sampled_from

from runtime.door.errors import (
    ConcurrencyReachedError,
    LedgerUnavailableError,
    SessionEndedError,
    SessionNotOpenError,
)
from runtime.door.ledger import OPEN_SESSIONS, RETENTION_SECONDS, Ledger
from runtime.door.session import Figures, Reason, State
from tests.door.conftest import REGION, TABLE, create_table, items

OWNER = "arn:aws:iam::111122223333:user/alice"
FIGURES = Figures(
    cost_usd=0.0421,
    speech_input_tokens=1509,
    speech_output_tokens=3252,
    text_input_tokens=2979,
    text_output_tokens=1025,
)


def opened(ledger: Ledger, session_id: str = "", *, concurrency: int = 15) -> str:
    session_id = session_id or str(uuid4())
    ledger.open(session_id, owner=OWNER, transport="websocket", concurrency=concurrency)
    return session_id


def test_a_session_is_open_from_the_moment_the_door_wrote_it(ledger, clock):
    """What POST answers and what GET reads later are the same row."""
    session = ledger.open("s-1", owner=OWNER, transport="websocket", concurrency=1)

    assert session == ledger.get("s-1")
    assert (session.state, session.owner, session.started_at) == (State.OPEN, OWNER, clock.now)


def test_a_full_house_turns_the_next_caller_away_and_writes_nothing(ledger, dynamodb):
    """The cap protects Bedrock's quota and the bill; a refused session must not leave a row behind."""
    opened(ledger, "first", concurrency=1)
    before = items(dynamodb)

    with pytest.raises(ConcurrencyReachedError, match="All 1 sessions"):
        opened(ledger, "second", concurrency=1)

    assert items(dynamodb) == before


def test_a_closed_session_gives_its_place_to_the_next_caller(ledger):
    """Otherwise the deployment would serve as many calls as its cap, and then none."""
    ledger.close(opened(ledger, concurrency=1), Reason.HANG_UP)

    opened(ledger, concurrency=1)


def test_an_open_session_is_never_overwritten(ledger):
    """Two sessions under one id would let one caller hang up on another."""
    opened(ledger, "taken")

    with pytest.raises(LedgerUnavailableError, match="taken"):
        ledger.open("taken", owner="somebody else", transport="websocket", concurrency=15)

    assert ledger.get("taken").owner == OWNER


def test_only_one_agent_joins_a_session(ledger):
    """A pre-signed way in may be used twice while it lives; the second use must not get a call."""
    session_id = opened(ledger)
    assert ledger.join(session_id).state is State.ACTIVE

    with pytest.raises(SessionNotOpenError, match="already joined"):
        ledger.join(session_id)


@pytest.mark.parametrize("session_id", ["unknown", "closed"])
def test_nobody_joins_a_session_that_the_door_did_not_open(ledger, session_id):
    """Whoever may invoke the runtime directly must still pass the door's cap."""
    ledger.close(opened(ledger, "closed"), Reason.STOPPED)

    with pytest.raises(SessionNotOpenError):
        ledger.join(session_id)


def test_a_heartbeat_carries_the_cost_so_far(ledger, clock):
    """GET tells what a running call has cost, and a lost agent leaves its last figures behind."""
    session_id = opened(ledger)
    ledger.join(session_id)
    clock.advance(10)

    ledger.heartbeat(session_id, FIGURES)

    session = ledger.get(session_id)
    assert (session.heartbeat_at, session.cost_usd) == (clock.now, FIGURES.cost_usd)


def test_the_heartbeat_of_a_closed_session_tells_the_agent_to_hang_up(ledger):
    """This is how a stopped call ends even when AgentCore could not be told to stop it."""
    session_id = opened(ledger)
    ledger.join(session_id)
    ledger.close(session_id, Reason.STOPPED)

    with pytest.raises(SessionEndedError, match="hang up"):
        ledger.heartbeat(session_id)


def test_a_call_lasts_from_joining_to_its_end(ledger, clock):
    """The time that a caller took to use the way in is not part of the call."""
    session_id = opened(ledger)
    clock.advance(20)
    ledger.join(session_id)
    clock.advance(95.5)

    ledger.close(session_id, Reason.HANG_UP, FIGURES)

    session = ledger.get(session_id)
    assert (session.seconds, session.ended_at, session.reason) == (95.5, clock.now, "hang_up")
    assert session.speech_output_tokens == FIGURES.speech_output_tokens


def test_a_session_that_nobody_joined_lasted_no_time(ledger, clock):
    """Its seconds would otherwise count as talk in every report."""
    session_id = opened(ledger)
    clock.advance(90)

    ledger.close(session_id, Reason.NEVER_JOINED)

    assert ledger.get(session_id).seconds == 0


def test_the_first_reason_wins_and_the_agents_figures_still_arrive(ledger, clock):
    """The door stops a call a moment before the agent reports its end: both know something true."""
    session_id = opened(ledger)
    ledger.join(session_id)
    assert ledger.close(session_id, Reason.STOPPED) is True
    ended_at = clock.now
    clock.advance(2)

    assert ledger.close(session_id, Reason.CALLER_GONE, FIGURES) is False

    session = ledger.get(session_id)
    assert (session.reason, session.ended_at, session.cost_usd) == ("stopped", ended_at, FIGURES.cost_usd)


@pytest.mark.parametrize("figures", [None, FIGURES])
def test_closing_a_session_that_never_was_creates_no_row(ledger, dynamodb, figures):
    """An update in DynamoDB creates what it does not find, unless it is told otherwise."""
    with pytest.raises(SessionEndedError, match="no session"):
        ledger.close("never", Reason.STOPPED, figures)

    assert items(dynamodb) == []


def test_the_set_of_open_sessions_is_not_a_session(ledger):
    """Its key must not answer like a row to whoever asks for it."""
    opened(ledger)

    assert ledger.get(OPEN_SESSIONS) is None


def test_every_row_expires(ledger, dynamodb, clock):
    """The ledger names callers, so it may not keep them for ever; DynamoDB wants whole seconds."""
    opened(ledger, "s-1")

    (row,) = [item for item in items(dynamodb) if item["session_id"]["S"] == "s-1"]
    assert row["expires_at"] == {"N": str(int(clock.now) + RETENTION_SECONDS)}


def test_every_open_session_is_found_however_many_there_are(ledger):
    """DynamoDB answers at most 100 rows at once; the reaper must see the others too."""
    expected = {opened(ledger, concurrency=200) for _ in range(120)}

    assert {session.session_id for session in ledger.open_sessions()} == expected


def test_a_row_deleted_by_hand_gives_its_place_back(ledger, dynamodb):
    """Somebody will tidy the table one day, and the cap must not shrink for good."""
    opened(ledger, "gone", concurrency=1)
    dynamodb.delete_item(TableName=TABLE, Key={"session_id": {"S": "gone"}})

    assert list(ledger.open_sessions()) == []

    opened(ledger, concurrency=1)


@pytest.fixture
def scripted(dynamodb):
    """DynamoDB's client with the answers that moto cannot give."""
    with Stubber(dynamodb) as stubber:
        yield stubber


def conflict(*codes: str) -> dict:
    """What DynamoDB says when it cancels a transaction, one verdict for each write."""
    return {
        "service_error_code": "TransactionCanceledException",
        "modeled_fields": {"CancellationReasons": [{"Code": code} for code in codes]},
    }


def test_two_callers_at_the_same_moment_both_get_through(ledger, scripted):
    """DynamoDB cancels one of two transactions on one item, and botocore does not repeat it."""
    scripted.add_client_error("transact_write_items", **conflict("TransactionConflict", "None"))
    scripted.add_response("transact_write_items", {})

    opened(ledger, "second")

    scripted.assert_no_pending_responses()


def test_a_conflict_that_does_not_end_is_given_up(ledger, scripted):
    """A caller who waits longer than a few seconds has gone; the door must answer before that."""
    for _ in range(8):
        scripted.add_client_error("transact_write_items", **conflict("TransactionConflict", "None"))

    with pytest.raises(LedgerUnavailableError, match="TransactionConflict"):
        opened(ledger)

    scripted.assert_no_pending_responses()


def test_a_throttled_table_is_not_pressed_further(ledger, scripted):
    """botocore has repeated it already; asking again from here would only prolong the throttling."""
    scripted.add_client_error("transact_write_items", **conflict("ThrottlingError", "None"))

    with pytest.raises(LedgerUnavailableError, match=r"ThrottlingError.*nothing was written"):
        opened(ledger)

    scripted.assert_no_pending_responses()


def test_a_database_that_does_not_answer_is_said_in_words():
    """Door and agent report this to people who never saw DynamoDB's error codes."""
    client = boto3.client(
        "dynamodb",
        region_name=REGION,
        endpoint_url="http://127.0.0.1:9",  # the discard port: nothing listens
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        config=Config(retries={"total_max_attempts": 1}),
    )

    with pytest.raises(LedgerUnavailableError, match=r"EndpointConnectionError.*nothing was written"):
        Ledger(client, TABLE).get("s-1")


def test_the_place_count_equals_the_open_rows_whatever_happens(dynamodb):
    """No order of events, told twice or too late, may leak a place or give one away twice."""
    run_state_machine_as_test(
        lambda: LedgerMachine(dynamodb),
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, database=None, derandomize=True
        ),
    )


class LedgerMachine(RuleBasedStateMachine):
    """Whatever door, agent and reaper may do to three places, in any order."""

    sessions = Bundle("sessions")

    def __init__(self, dynamodb) -> None:
        super().__init__()
        table = f"ledger-{uuid4()}"
        create_table(dynamodb, table)
        self.ledger = Ledger(dynamodb, table)
        self.known: list[str] = []

    @rule(target=sessions)
    def open(self) -> str:
        session_id = str(uuid4())
        try:
            self.known.append(opened(self.ledger, session_id, concurrency=3))
        except ConcurrencyReachedError:
            assert len(self.open_rows()) == 3
        return session_id

    @rule(session_id=sessions)
    def join(self, session_id: str) -> None:
        with suppress(SessionNotOpenError):
            self.ledger.join(session_id)

    @rule(session_id=sessions, figures=sampled_from([None, FIGURES]))
    def heartbeat(self, session_id: str, figures: Figures | None) -> None:
        with suppress(SessionEndedError):
            self.ledger.heartbeat(session_id, figures)

    @rule(session_id=sessions, reason=sampled_from(Reason), figures=sampled_from([None, FIGURES]))
    def close(self, session_id: str, reason: Reason, figures: Figures | None) -> None:
        with suppress(SessionEndedError):
            self.ledger.close(session_id, reason, figures)

    @invariant()
    def places_match_rows(self) -> None:
        places = sorted(session.session_id for session in self.ledger.open_sessions())
        assert places == self.open_rows()
        assert len(places) <= 3

    def open_rows(self) -> list[str]:
        rows = [self.ledger.get(session_id) for session_id in self.known]
        return sorted(row.session_id for row in rows if row.state is not State.CLOSED)
