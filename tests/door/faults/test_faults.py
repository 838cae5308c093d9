"""What goes wrong outside the door: AgentCore, the agent, the caller, the clocks.  Each ends the session."""

from http import HTTPStatus

import pytest

from runtime.door.errors import AgentCoreUnavailableError
from runtime.door.session import Reason
from tests.door.faults.conftest import GRACE, open_one
from tests.door.stand_in import agent_error

THROTTLED = (HTTPStatus.TOO_MANY_REQUESTS, "ThrottlingException")
MINUTES = 5 * 60


def reasons(world) -> list[str]:
    return [one["reason"]["S"] for one in world.rows()]


@pytest.mark.parametrize("also_the_stop", [False, True])
def test_an_agentcore_that_throttles_the_wake(world, also_the_stop):
    """The caller is refused; a microVM that may have started all the same is stopped when that works again."""
    world.agentcore.refuses["" if also_the_stop else "wake"] = THROTTLED
    with pytest.raises(AgentCoreUnavailableError, match="ThrottlingException"):
        open_one(world.process())
    world.agentcore.refuses.clear()

    world.reap_until_settled()

    world.assert_settled()
    (row,) = world.rows()
    assert (reasons(world), world.agentcore.stopped) == ([Reason.AGENT_ERROR], [row["session_id"]["S"]])


def test_an_agentcore_that_throttles_the_end(world):
    """The caller is told to try again, and whether they do or not, the microVM is stopped."""
    door = world.process()
    session_id = open_one(door)
    world.agentcore.refuses["stopruntimesession"] = THROTTLED
    with pytest.raises(AgentCoreUnavailableError, match="ThrottlingException"):
        door.sessions.end("arn:aws:iam::111122223333:user/alice", session_id)
    assert len(world.places()) == 2  # it may still run
    world.agentcore.refuses.clear()

    world.reap_until_settled()

    world.assert_settled()
    assert (reasons(world), world.agentcore.stopped) == ([Reason.STOPPED], [session_id])


def test_an_agent_that_crashes_before_its_answer(world):
    """The row is closed and the microVM stopped before the caller hears of it."""
    world.agentcore.refuses["wake"] = agent_error(500)

    with pytest.raises(AgentCoreUnavailableError):
        open_one(world.process())

    world.assert_settled()
    assert reasons(world) == [Reason.AGENT_ERROR]
    assert len(world.agentcore.stopped) == 1


def test_an_agent_that_crashes_after_its_answer(world):
    """It joined, and beats no more."""
    door = world.process()
    session_id = open_one(door)
    door.ledger.join(session_id)

    world.reap_until_settled()

    world.assert_settled()
    assert reasons(world) == [Reason.AGENT_LOST]


def test_a_caller_who_vanishes_before_the_call(world):
    """A page that was closed, or lost its network."""
    open_one(world.process())

    world.reap_until_settled()

    world.assert_settled()
    assert reasons(world) == [Reason.NEVER_JOINED]


def test_a_caller_who_vanishes_in_the_call_of_an_agent_that_does_not_notice(world):
    """The agent beats and hears nothing; its own cap should have ended the call long ago."""
    door = world.process()
    session_id = open_one(door)
    door.ledger.join(session_id)
    for beat in range(1, 13):
        world.clock.advance(10)
        door.ledger.heartbeat(session_id, silent_seconds=beat * 10.0)
    world.process().reaper.run()

    world.assert_settled()
    assert reasons(world) == [Reason.IDLE]


@pytest.mark.parametrize("skew", [-MINUTES, MINUTES], ids=["behind", "ahead"])
@pytest.mark.parametrize("who", ["agent", "reaper"])
@pytest.mark.parametrize("joined", [False, True], ids=["waiting", "talking"])
def test_clocks_that_disagree_by_five_minutes_delay_an_end_by_no_more(world, who, skew, joined):
    """Nothing is left open for good, whichever clock is wrong and whichever way."""
    began = world.clock()
    session_id = open_one(world.process())
    if joined:
        agent = world.process(skew=skew if who == "agent" else 0)
        agent.ledger.join(session_id)

    world.reap_until_settled(skew=skew if who == "reaper" else 0)

    world.assert_settled()
    limit = world.settings.join_seconds + world.settings.heartbeat_lost_seconds + GRACE
    assert world.clock() - began <= limit + MINUTES + 60


def test_an_agent_that_tells_the_doors_time_is_not_taken_for_lost(world):
    """A microVM's wall clock, restored from a snapshot, may be minutes behind: its calls are healthy."""
    door = world.process()
    session_id = open_one(door)
    ((_, asked),) = world.agentcore.asked
    assert asked["now"] == world.clock()
    door.ledger.join(session_id)
    for _ in range(6):
        world.clock.advance(10)
        door.ledger.heartbeat(session_id)
    world.process().reaper.run()

    assert [one["state"]["S"] for one in world.rows()] == ["active"]
