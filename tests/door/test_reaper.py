import json
from contextlib import suppress
from http import HTTPStatus
from io import StringIO

import boto3
import pytest
from botocore.config import Config

from runtime.door.agentcore import AgentCore
from runtime.door.errors import AgentCoreUnavailableError, RowUnreadableError, SessionEndedError
from runtime.door.reaper import GRACE_SECONDS, GRACE_USD, Reaper
from runtime.door.session import Figures, Reason, State
from runtime.metrics import MetricWriter
from tests.door.conftest import REGION, TABLE

# Limits of `door_settings`.
JOIN, CALL, HEARTBEAT, IDLE, LIFETIME = 60, 900, 60, 60, 1_260
WAITING = "hotline-00000000-0000-4000-8000-000000000001"
TALKING = "hotline-00000000-0000-4000-8000-000000000002"
DENIED = (HTTPStatus.FORBIDDEN, "AccessDeniedException")


@pytest.fixture
def published() -> StringIO:
    return StringIO()


@pytest.fixture
def reaper(door_settings, ledger, agentcore, published) -> Reaper:
    client = boto3.client(
        "bedrock-agentcore",
        region_name=REGION,
        endpoint_url=agentcore.url,
        config=Config(retries={"total_max_attempts": 1}),
    )
    return Reaper(
        door_settings,
        ledger=ledger,
        agentcore=AgentCore(door_settings, client, None),
        metrics=MetricWriter("test", out=published),
    )


@pytest.fixture
def waiting(ledger) -> str:
    """A session whose caller has not come yet."""
    return ledger.open(WAITING, owner="o", transport="websocket", concurrency=9, per_caller=9).session_id


@pytest.fixture
def talking(ledger) -> str:
    """A session with a call in progress."""
    ledger.open(TALKING, owner="o", transport="websocket", concurrency=9, per_caller=9)
    return ledger.join(TALKING).session_id


def states(ledger) -> dict[str, State]:
    return {one: ledger.get(one).state for one in (WAITING, TALKING)}


def test_a_caller_who_never_came_gives_the_place_back(reaper, ledger, agentcore, clock, waiting):
    """A page that is closed before the call would otherwise hold a place until the table expires it."""
    clock.advance(JOIN + GRACE_SECONDS + 1)

    reaper.run()

    assert ledger.get(waiting).reason == Reason.NEVER_JOINED
    assert agentcore.stopped == [waiting]


def test_an_agent_that_fell_silent_is_ended(reaper, ledger, agentcore, clock, talking):
    """Its process was killed or hangs: nobody else will ever close this row."""
    clock.advance(HEARTBEAT + 1)

    reaper.run()

    assert ledger.get(talking).reason == Reason.AGENT_LOST
    assert agentcore.stopped == [talking]


def test_a_call_that_ignores_its_limit_is_ended(reaper, ledger, agentcore, clock, talking):
    """The agent ends its calls itself; this is for the agent that has a fault there."""
    for _ in range(CALL // 30 + 2):
        clock.advance(30)
        ledger.heartbeat(talking)

    reaper.run()

    assert ledger.get(talking).reason == Reason.DURATION
    assert agentcore.stopped == [talking]


def test_a_call_that_ignores_what_it_may_cost_is_ended(reaper, ledger, agentcore, clock, talking):
    """The agent tells its cost with every heartbeat; a goodbye may still be added."""
    clock.advance(10)
    ledger.heartbeat(talking, Figures(cost_usd=1.0 + GRACE_USD))
    reaper.run()
    assert ledger.get(talking).state is State.ACTIVE

    ledger.heartbeat(talking, Figures(cost_usd=1.001 + GRACE_USD))
    reaper.run()

    assert ledger.get(talking).reason == Reason.COST
    assert agentcore.stopped == [talking]


def test_a_guests_call_is_ended_when_it_should_have_ended(reaper, *, ledger, clock, talking):
    """The row says how long its caller was promised; the stage's own limit is longer."""
    guests = "hotline-00000000-0000-4000-8000-000000000003"
    ledger.open(guests, owner="guest:1", transport="websocket", concurrency=9, per_caller=9, call_seconds=120)
    ledger.join(guests)
    for second in (0, 1):
        clock.advance((120 + GRACE_SECONDS) * (1 - second) + second)
        ledger.heartbeat(talking)
        ledger.heartbeat(guests)
        reaper.run()
        assert ledger.get(guests).state is (State.CLOSED if second else State.ACTIVE)

    assert ledger.get(guests).reason == Reason.DURATION
    assert ledger.get(talking).state is State.ACTIVE


def heard_from(ledger, clock, seconds: int, *, silent_seconds: float = 0.0) -> None:
    """Let the agent beat for *seconds*; it says for how long nobody has spoken."""
    for _ in range(seconds // 10):
        clock.advance(10)
        ledger.heartbeat(TALKING, silent_seconds=silent_seconds)


@pytest.mark.parametrize(
    ("within", "silent", "reason"),
    [
        (CALL + GRACE_SECONDS, 0, Reason.DURATION),
        (10, IDLE + GRACE_SECONDS, Reason.IDLE),
    ],
    ids=["duration", "idle"],
)
def test_a_limit_holds_to_the_second(reaper, *, ledger, clock, talking, within, silent, reason):
    """An agent that has a fault in its own caps is ended by the door, and not a second before it is late."""
    heard_from(ledger, clock, within, silent_seconds=silent)
    reaper.run()
    assert ledger.get(talking).state is State.ACTIVE

    clock.advance(1)
    ledger.heartbeat(talking, silent_seconds=silent + 1)
    reaper.run()

    assert ledger.get(talking).reason == reason


def test_a_way_in_is_open_to_the_second(reaper, ledger, clock, waiting):
    """A caller may connect in its last second, and wait for a cold microVM."""
    clock.advance(JOIN + GRACE_SECONDS)
    reaper.run()
    assert ledger.get(waiting).state is State.OPEN

    clock.advance(1)
    reaper.run()

    assert ledger.get(waiting).reason == Reason.NEVER_JOINED


def test_a_heartbeat_is_missed_to_the_second(reaper, ledger, clock, talking):
    """As configured: a network that hiccups is no lost agent."""
    clock.advance(HEARTBEAT)
    reaper.run()
    assert ledger.get(talking).state is State.ACTIVE

    clock.advance(1)
    reaper.run()

    assert ledger.get(talking).reason == Reason.AGENT_LOST


def test_a_caller_who_comes_while_the_reaper_judges_keeps_the_call(
    reaper, *, ledger, agentcore, clock, waiting, monkeypatch
):
    """What the reaper read is a moment old."""
    clock.advance(JOIN + GRACE_SECONDS + 1)
    held = [*ledger.held()]
    monkeypatch.setattr(ledger, "held", lambda: iter(held))
    ledger.join(waiting)

    reaper.run()

    assert ledger.get(waiting).state is State.ACTIVE
    assert agentcore.stopped == []


@pytest.mark.usefixtures("waiting", "talking")
def test_a_session_within_its_limits_is_left_alone(reaper, ledger, agentcore, clock):
    """On the very second of a limit it is still within it: late is what lasts longer."""
    clock.advance(HEARTBEAT)

    reaper.run()

    assert states(ledger) == {WAITING: State.OPEN, TALKING: State.ACTIVE}
    assert agentcore.stopped == []


def test_a_session_that_agentcore_has_forgotten_is_closed(reaper, ledger, agentcore, clock, talking):
    """A crashed microVM is gone before the reaper comes; that must not keep its place taken."""
    agentcore.refuses[talking] = (HTTPStatus.NOT_FOUND, "ResourceNotFoundException")
    clock.advance(HEARTBEAT + 1)

    reaper.run()

    assert ledger.get(talking).state is State.CLOSED


@pytest.mark.usefixtures("waiting", "talking")
def test_one_that_cannot_be_stopped_is_tried_again_and_holds_up_no_other(reaper, ledger, agentcore, clock):
    """A microVM that may still run must not leave the list of those to be stopped, nor be hidden."""
    agentcore.refuses[WAITING] = DENIED
    clock.advance(JOIN + GRACE_SECONDS + 1)

    with pytest.raises(AgentCoreUnavailableError, match="AccessDeniedException"):
        reaper.run()

    assert agentcore.stopped == [TALKING]
    assert [place.session_id for place, _ in ledger.held()] == [WAITING]
    agentcore.refuses.clear()
    clock.advance(GRACE_SECONDS + 1)
    reaper.run()
    assert agentcore.stopped == [TALKING, WAITING]
    assert list(ledger.held()) == []
    assert ledger.get(WAITING).reason == Reason.NEVER_JOINED


def test_past_the_end_that_agentcore_enforces_no_place_stays_taken(reaper, ledger, agentcore, clock, talking):
    """A denied StopRuntimeSession must not shrink the deployment to nothing."""
    agentcore.refuses[""] = DENIED
    clock.advance(JOIN + LIFETIME + GRACE_SECONDS)
    with pytest.raises(AgentCoreUnavailableError):
        reaper.run()
    assert [place.session_id for place, _ in ledger.held()] == [talking]

    clock.advance(GRACE_SECONDS + 1)
    reaper.run()

    assert ledger.get(talking).reason == Reason.AGENT_LOST
    assert list(ledger.held()) == []


@pytest.mark.usefixtures("waiting", "talking")
def test_every_run_publishes_how_many_sessions_are_left_and_ended(reaper, clock, published):
    """SessionsActive is the dashboard's gauge: it must come each minute, also when nothing happens.

    A caller who does not come is nobody's fault; for an agent that is lost, somebody is woken.
    """
    reaper.run()
    clock.advance(JOIN + 1)  # the agent is lost, the way in is within its grace
    reaper.run()
    clock.advance(GRACE_SECONDS)  # nobody came, either
    reaper.run()

    names = ("SessionsActive", "SessionsReaped", "SessionsOverdue")
    figures = [json.loads(line) for line in published.getvalue().splitlines()]
    assert [tuple(map(one.get, names)) for one in figures] == [(2, 0, 0), (1, 1, 1), (0, 1, 0)]


def test_nothing_that_an_agent_still_reports_outlives_what_agentcore_lets_live(
    reaper, *, ledger, agentcore, clock, waiting, talking
):
    """However a session goes on, and though AgentCore stops nothing: by the end of its lifetime no place is taken."""
    agentcore.refuses["stopruntimesession"] = DENIED
    for _ in range((JOIN + LIFETIME + GRACE_SECONDS) // 30 + 1):
        clock.advance(30)
        with suppress(SessionEndedError):
            ledger.heartbeat(talking)
        with suppress(AgentCoreUnavailableError):
            reaper.run()

    assert list(ledger.held()) == []
    assert (ledger.get(waiting).reason, ledger.get(talking).reason) == (Reason.NEVER_JOINED, Reason.DURATION)


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    "spoilt",
    ["REMOVE #state", "SET #state = :text", "SET #joined_at = :text", "REMOVE #place", "SET #place = :text"],
)
def test_a_row_that_cannot_be_read_keeps_nobody_from_being_reaped(
    reaper, *, ledger, agentcore, clock, dynamodb, talking, spoilt
):
    """Agents write rows: one that was taken over must not keep every other session alive."""
    name = spoilt.split("#")[1].split(" ")[0]
    values = {"ExpressionAttributeValues": {":text": {"S": "nonsense"}}} if ":text" in spoilt else {}
    dynamodb.update_item(
        TableName=TABLE,
        Key={"session_id": {"S": talking}},
        UpdateExpression=spoilt,
        ExpressionAttributeNames={f"#{name}": name},
        **values,
    )
    clock.advance(JOIN + GRACE_SECONDS + 1)

    with pytest.raises(RowUnreadableError, match=talking):
        reaper.run()

    assert ledger.get(WAITING).reason == Reason.NEVER_JOINED
    assert agentcore.stopped == [WAITING]
    assert list(ledger.open_sessions()) == []


def test_a_reason_that_only_a_later_version_knows_is_no_obstacle(reaper, ledger, clock, dynamodb, talking):
    """A door that is rolled back meets rows of the agents after it."""
    ledger.close(talking, Reason.HANG_UP, may_run=True)
    dynamodb.update_item(
        TableName=TABLE,
        Key={"session_id": {"S": talking}},
        UpdateExpression="SET #reason = :reason",
        ExpressionAttributeNames={"#reason": "reason"},
        ExpressionAttributeValues={":reason": {"S": "beamed_up"}},
    )
    clock.advance(GRACE_SECONDS + 1)

    reaper.run()

    assert list(ledger.held()) == []
