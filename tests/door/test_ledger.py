from contextlib import suppress
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from hypothesis.strategies import booleans, sampled_from

from runtime.door.errors import (
    CallerLimitError,
    ConcurrencyReachedError,
    LedgerUnavailableError,
    SessionEndedError,
    SessionNotOpenError,
)
from runtime.door.ledger import Ledger
from runtime.door.places import LONGEST_SESSION_SECONDS, SHARD_PLACES, SHARDS, shard_caps
from runtime.door.rows import RETENTION_SECONDS
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


def opened(
    ledger: Ledger,
    session_id: str = "",
    *,
    owner: str = OWNER,
    concurrency: int = 15,
    per_caller: int = 1_000,
) -> str:
    session_id = session_id or str(uuid4())
    ledger.open(
        session_id, owner=owner, transport="websocket", concurrency=concurrency, per_caller=per_caller
    )
    return session_id


def places(client) -> list[str]:
    """Every place that is taken, of the stage and of callers."""
    found = [item.get("entries", {}).get("SS", []) for item in items(client)]
    return sorted(entry for entries in found for entry in entries)


def test_a_session_is_open_from_the_moment_the_door_wrote_it(ledger, clock):
    """What POST answers and what GET reads later are the same row."""
    session = ledger.open("s-1", owner=OWNER, transport="websocket", concurrency=1, per_caller=1)

    assert session == ledger.get("s-1")
    assert (session.state, session.owner, session.started_at) == (State.OPEN, OWNER, clock.now)


def test_a_full_house_turns_the_next_caller_away_and_writes_nothing(ledger, dynamodb):
    """The cap protects Bedrock's quota and the bill; a refused session must not leave a row behind."""
    opened(ledger, "first", concurrency=1)
    before = items(dynamodb)

    with pytest.raises(ConcurrencyReachedError, match="All 1 sessions"):
        opened(ledger, "second", concurrency=1)

    assert items(dynamodb) == before


def test_one_caller_cannot_take_every_place(ledger, dynamodb):
    """A client in a loop would otherwise lock everybody else out until somebody is woken."""
    for _ in range(2):
        opened(ledger, owner="greedy", per_caller=2)
    before = items(dynamodb)

    with pytest.raises(CallerLimitError, match="You have 2 sessions"):
        opened(ledger, owner="greedy", per_caller=2)

    assert items(dynamodb) == before
    opened(ledger, owner="another", per_caller=2)


def test_a_callers_own_place_comes_back_with_the_end_of_the_session(ledger, dynamodb):
    """Or each caller could make as many calls in their life as they may have at once."""
    for _ in range(3):
        ledger.close(opened(ledger, per_caller=1), Reason.HANG_UP)

    assert places(dynamodb) == []


def test_no_caller_is_locked_out_for_good_by_an_entry_that_nothing_belongs_to(ledger, dynamodb, clock):
    """A door that dies in the one wrong moment, with a wrong clock, leaves one; no session lives that long."""
    opened(ledger, per_caller=1)
    for key in [one["session_id"] for one in items(dynamodb) if "sessions-of" not in one["session_id"]["S"]]:
        dynamodb.delete_item(TableName=TABLE, Key={"session_id": key})

    clock.advance(LONGEST_SESSION_SECONDS)
    with pytest.raises(CallerLimitError):
        opened(ledger, per_caller=1)
    clock.advance(1)
    opened(ledger, per_caller=1)


@pytest.mark.parametrize("concurrency", [1, 15, 100, 101, 999, 1_000, 5_000])
def test_shards_share_the_cap_and_none_grows_too_large_to_write(concurrency):
    """A stage has exactly its cap, whatever the number of shards; the reaper walks no more than it knows."""
    caps = shard_caps(concurrency)

    assert sum(caps) == concurrency
    assert 1 <= min(caps) <= max(caps) <= SHARD_PLACES
    assert len(caps) <= SHARDS


@pytest.fixture
def small_shards(monkeypatch):
    """Shards of four places, so that a few sessions fill several."""
    monkeypatch.setattr("runtime.door.places.SHARD_PLACES", 4)


@pytest.mark.usefixtures("small_shards")
def test_every_place_of_every_shard_is_found(ledger):
    """A caller who is refused while a shard has room would be a call lost for nothing."""
    expected = {opened(ledger, concurrency=11) for _ in range(11)}

    with pytest.raises(ConcurrencyReachedError, match="All 11"):
        opened(ledger, concurrency=11)

    assert {one.session_id for one in ledger.open_sessions()} == expected
    ledger.close(next(iter(expected)), Reason.HANG_UP)
    opened(ledger, concurrency=11)


@pytest.mark.usefixtures("small_shards")
def test_a_stage_whose_cap_is_lowered_forgets_no_session(ledger):
    """Sessions that sit in shards which the new cap does not use still run, and still cost."""
    expected = {opened(ledger, concurrency=12) for _ in range(12)}

    with pytest.raises(ConcurrencyReachedError, match="All 2 "):
        opened(ledger, concurrency=2)

    assert {one.session_id for one in ledger.open_sessions()} == expected


def test_a_closed_session_gives_its_place_to_the_next_caller(ledger):
    """Otherwise the deployment would serve as many calls as its cap, and then none."""
    ledger.close(opened(ledger, concurrency=1), Reason.HANG_UP)

    opened(ledger, concurrency=1)


def test_an_open_session_is_never_overwritten(ledger):
    """Two sessions under one id would let one caller hang up on another."""
    opened(ledger, "taken")

    with pytest.raises(LedgerUnavailableError, match="taken"):
        opened(ledger, "taken", owner="somebody else")

    assert ledger.get("taken").owner == OWNER
    assert [one.session_id for one in ledger.open_sessions()] == ["taken"]


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


def test_a_session_whose_microvm_may_run_keeps_its_place(ledger):
    """The cap bounds microVMs, and the reaper stops what it finds by its place."""
    session_id = opened(ledger, concurrency=1)
    ledger.close(session_id, Reason.STOPPED, may_run=True)
    with pytest.raises(ConcurrencyReachedError):
        opened(ledger, concurrency=1)

    ledger.release(session_id)
    ledger.release(session_id)

    opened(ledger, concurrency=1)


def test_an_open_session_is_not_released(ledger):
    """Its place is what the reaper finds it by."""
    ledger.release(opened(ledger, concurrency=1))

    assert len(list(ledger.open_sessions())) == 1


def test_a_session_that_moved_on_is_not_closed_for_what_it_was(ledger, clock):
    """The reaper judges what it read a moment ago; a caller may have come in that moment."""
    waiting = ledger.open("s-1", owner=OWNER, transport="websocket", concurrency=1, per_caller=1)
    talking = ledger.join("s-1")
    clock.advance(10)
    ledger.heartbeat("s-1")

    for stale in (waiting, talking):
        assert ledger.close("s-1", Reason.AGENT_LOST, seen=stale) is False
    assert ledger.get("s-1").state is State.ACTIVE
    assert ledger.close("s-1", Reason.AGENT_LOST, seen=ledger.get("s-1")) is True


@pytest.mark.parametrize("figures", [None, FIGURES])
def test_closing_a_session_that_never_was_creates_no_row(ledger, dynamodb, figures):
    """An update in DynamoDB creates what it does not find, unless it is told otherwise."""
    with pytest.raises(SessionEndedError, match="no session"):
        ledger.close("never", Reason.STOPPED, figures)

    assert items(dynamodb) == []


def test_no_other_item_of_the_table_is_a_session(ledger, dynamodb):
    """Their keys must not answer like a row to whoever asks for them."""
    opened(ledger, "s-1")

    others = [one["session_id"]["S"] for one in items(dynamodb) if one["session_id"]["S"] != "s-1"]
    assert len(others) == 2
    assert [ledger.get(key) for key in others] == [None, None]


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
    """Somebody will tidy the table one day, and the caps must not shrink for good."""
    opened(ledger, "gone", concurrency=1, per_caller=1)
    dynamodb.delete_item(TableName=TABLE, Key={"session_id": {"S": "gone"}})

    ((place, session),) = ledger.held()
    assert session is None
    assert ledger.bury(place) is True

    opened(ledger, concurrency=1, per_caller=1)


def test_a_door_that_is_only_slow_cannot_open_what_was_buried(ledger, dynamodb, monkeypatch):
    """Its session would have a microVM and no place: over the cap, and out of the reaper's sight."""
    put = dynamodb.put_item

    def slowly(**request):
        ((place, _),) = ledger.held()
        assert ledger.bury(place) is True
        return put(**request)

    monkeypatch.setattr(dynamodb, "put_item", slowly)
    with pytest.raises(LedgerUnavailableError, match="taken"):
        opened(ledger, "slow")

    assert ledger.get("slow").reason == Reason.NEVER_OPENED
    assert places(dynamodb) == []


def test_what_is_open_cannot_be_buried(ledger):
    """The row came a moment after the reaper looked."""
    opened(ledger, "quick")
    ((place, _),) = ledger.held()

    assert ledger.bury(place) is False
    assert ledger.get("quick").state is State.OPEN


def test_a_place_whose_session_another_door_has_opened_is_given_back_alone(ledger, dynamodb, clock):
    """A phone provider asks again about a call whose door died: both doors took a place for one session."""
    opened(ledger, "call")
    dynamodb.delete_item(TableName=TABLE, Key={"session_id": {"S": "call"}})
    clock.advance(5)
    opened(ledger, "call")

    ((dead, _),) = [(place, one) for place, one in ledger.held() if one is None]
    assert ledger.bury(dead) is False

    ((_, session),) = ledger.held()
    assert (session.state, session.started_at) == (State.OPEN, clock.now)
    ledger.close("call", Reason.HANG_UP)
    assert places(dynamodb) == []


@pytest.fixture
def scripted(dynamodb):
    """DynamoDB's client with the answers that moto cannot give."""
    with Stubber(dynamodb) as stubber:
        yield stubber


def test_a_throttled_table_is_not_pressed_further(ledger, scripted):
    """botocore has repeated it already; asking again from here would only prolong the throttling."""
    scripted.add_client_error("batch_get_item", "ThrottlingException")

    with pytest.raises(LedgerUnavailableError, match=r"ThrottlingException.*not written"):
        opened(ledger)

    scripted.assert_no_pending_responses()


def test_an_answer_that_leaves_rows_out_is_asked_for_again(ledger, dynamodb, monkeypatch):
    """A busy table answers in part, and that is no error: the reaper would miss sessions without a word."""
    expected = {opened(ledger) for _ in range(3)}
    monkeypatch.setattr("runtime.door.table.time.sleep", lambda _seconds: None)
    ask, asked = dynamodb.batch_get_item, []

    def in_part(*, RequestItems) -> dict:  # noqa: N803  # DynamoDB's name
        asked.append(RequestItems)
        (first, *rest) = RequestItems[TABLE]["Keys"]
        answer = ask(RequestItems={TABLE: {**RequestItems[TABLE], "Keys": [first]}})
        left = {TABLE: {**RequestItems[TABLE], "Keys": rest}} if rest and len(asked) % 2 else {}
        return {**answer, "UnprocessedKeys": left} if left else ask(RequestItems=RequestItems)

    monkeypatch.setattr(dynamodb, "batch_get_item", in_part)

    assert {one.session_id for one in ledger.open_sessions()} == expected
    assert len(asked) == 4


def test_a_table_that_never_answers_in_full_is_given_up(ledger, dynamodb, monkeypatch):
    """A reaper that asks for ever reaps nothing, and its function's errors would never tell."""
    monkeypatch.setattr("runtime.door.table.time.sleep", lambda _seconds: None)
    monkeypatch.setattr(
        dynamodb,
        "batch_get_item",
        lambda RequestItems: {"Responses": {}, "UnprocessedKeys": RequestItems},  # noqa: N803
    )

    with pytest.raises(LedgerUnavailableError, match="UnprocessedKeys"):
        list(ledger.open_sessions())


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

    with pytest.raises(LedgerUnavailableError, match=r"EndpointConnectionError.*not written"):
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
    """Whatever door, agent and reaper may do to three places, in any order; a caller may have two of them."""

    sessions = Bundle("sessions")

    def __init__(self, dynamodb) -> None:
        super().__init__()
        self.dynamodb, self.table = dynamodb, f"ledger-{uuid4()}"
        create_table(dynamodb, self.table)
        self.ledger = Ledger(dynamodb, self.table)
        self.holding: set[str] = set()

    @rule(target=sessions, owner=sampled_from(["alice", "bob"]))
    def open(self, owner: str) -> str:
        session_id = str(uuid4())
        try:
            opened(self.ledger, session_id, owner=owner, concurrency=3, per_caller=2)
        except ConcurrencyReachedError:
            assert len(self.holding) == 3
        except CallerLimitError:
            assert [self.ledger.get(one).owner for one in self.holding].count(owner) == 2
        else:
            self.holding.add(session_id)
        return session_id

    @rule(session_id=sessions)
    def join(self, session_id: str) -> None:
        with suppress(SessionNotOpenError):
            self.ledger.join(session_id)

    @rule(session_id=sessions, figures=sampled_from([None, FIGURES]))
    def heartbeat(self, session_id: str, figures: Figures | None) -> None:
        with suppress(SessionEndedError):
            self.ledger.heartbeat(session_id, figures)

    @rule(
        session_id=sessions,
        reason=sampled_from(Reason),
        figures=sampled_from([None, FIGURES]),
        may_run=booleans(),
    )
    def close(self, *, session_id: str, reason: Reason, figures: Figures | None, may_run: bool) -> None:
        ended = False
        with suppress(SessionEndedError):
            ended = self.ledger.close(session_id, reason, figures, may_run=may_run)
        if ended and not may_run:
            self.holding.discard(session_id)

    @rule(session_id=sessions)
    def release(self, session_id: str) -> None:
        self.ledger.release(session_id)
        if session_id in self.holding and self.ledger.get(session_id).state is State.CLOSED:
            self.holding.discard(session_id)

    @invariant()
    def places_match_rows(self) -> None:
        held = [(place.session_id, session) for place, session in self.ledger.held()]
        assert {session_id for session_id, _ in held} == self.holding
        assert all(session for _, session in held)
        assert len(held) == len(self.holding) <= 3
        assert sorted(one.session_id for one in self.ledger.open_sessions()) == self.open_rows()

    def open_rows(self) -> list[str]:
        rows = [row for row in self.dynamodb.scan(TableName=self.table)["Items"] if "state" in row]
        return sorted(row["session_id"]["S"] for row in rows if row["state"]["S"] != State.CLOSED)


def test_a_join_whose_answer_was_lost_is_a_join(ledger, dynamodb, monkeypatch):
    """botocore asks again, of a session that is active by then: the caller must not be refused for it."""
    session_id, ask = opened(ledger), dynamodb.update_item

    def twice(**request):
        ask(**request)
        return ask(**request)

    monkeypatch.setattr(dynamodb, "update_item", twice)

    assert ledger.join(session_id).state is State.ACTIVE
    monkeypatch.undo()
    with pytest.raises(SessionNotOpenError):
        ledger.join(session_id)


def test_two_who_join_in_the_same_moment_are_one(ledger, clock):
    """They share the moment, and nothing else."""
    session_id, moment = opened(ledger), clock()
    ledger.join(session_id)

    assert clock() == moment
    with pytest.raises(SessionNotOpenError):
        ledger.join(session_id)
