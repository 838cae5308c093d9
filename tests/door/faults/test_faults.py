"""What goes wrong outside the door: AgentCore, the agent, the caller, the line.  Each ends the session."""

from http import HTTPStatus

import pytest

from runtime.door.bodies import Offer
from runtime.door.errors import AgentCoreUnavailableError, DoorError, RelaysUnavailableError
from runtime.door.session import Reason
from tests.door.faults.conftest import ALICE, KINDS, PAGES, PHONES
from tests.door.faults.test_deaths import DiedError, at
from tests.door.offers import CHROMIUM
from tests.door.stand_in import agent_error

THROTTLED = (HTTPStatus.TOO_MANY_REQUESTS, "ThrottlingException")
OFFER = Offer(type="offer", sdp=CHROMIUM)

of_every_kind = pytest.mark.parametrize("kind", KINDS)


@of_every_kind
@pytest.mark.parametrize("also_the_stop", [False, True])
def test_an_agentcore_that_throttles_the_wake(world, kind, also_the_stop):
    """The caller is refused; a microVM that may have started all the same is stopped when that works again."""
    world.agentcore.refuses["" if also_the_stop else "wake"] = THROTTLED
    with pytest.raises(AgentCoreUnavailableError, match="ThrottlingException"):
        world.process().open(kind)
    world.agentcore.refuses.clear()

    world.reap_until_settled()

    assert (world.reasons(), world.agentcore.stopped) == (
        [Reason.AGENT_ERROR],
        [world.row()["session_id"]["S"]],
    )
    world.assert_settled(kind)


@pytest.mark.parametrize("kind", PAGES)
def test_an_agentcore_that_throttles_the_end(world, kind):
    """The caller is told to try again, and whether they do or not, the microVM is stopped."""
    door = world.process()
    session_id = door.open(kind)
    world.agentcore.refuses["stopruntimesession"] = THROTTLED
    with pytest.raises(AgentCoreUnavailableError, match="ThrottlingException"):
        door.sessions.end(ALICE, session_id)
    assert len(world.places()) == 2  # it may still run
    world.agentcore.refuses.clear()

    world.reap_until_settled()

    assert (world.reasons(), world.agentcore.stopped) == ([Reason.STOPPED], [session_id])
    world.assert_settled(kind)


def test_an_agentcore_that_throttles_the_offer(world):
    """The page may try again; one that does not leaves nothing behind."""
    door = world.process()
    session_id = door.open("webrtc")
    world.agentcore.refuses["offer"] = THROTTLED
    with pytest.raises(AgentCoreUnavailableError, match="ThrottlingException"):
        door.webrtc.offer(ALICE, session_id, OFFER)
    world.agentcore.refuses.clear()
    assert door.webrtc.offer(ALICE, session_id, OFFER).type == "answer"

    world.reap_until_settled()  # the agent it stands for joins nothing

    assert world.reasons() == [Reason.NEVER_JOINED]
    world.assert_settled("webrtc")


@of_every_kind
def test_an_agent_that_crashes_before_it_is_awake(world, kind):
    """The row is closed and the microVM stopped before the caller hears of it."""
    world.agentcore.refuses["wake"] = agent_error(500)

    with pytest.raises(AgentCoreUnavailableError):
        world.process().open(kind)
    world.agentcore.refuses.clear()

    assert (world.reasons(), len(world.agentcore.stopped)) == ([Reason.AGENT_ERROR], 1)
    world.assert_settled(kind)


@pytest.mark.parametrize(
    ("crash", "said"),
    [(agent_error(500), AgentCoreUnavailableError), (agent_error(503), RelaysUnavailableError)],
    ids=["crashed", "no relay"],
)
def test_an_agent_that_crashes_before_its_answer(world, crash, said):
    """The offer reached it, and nobody ever joined."""
    door = world.process()
    session_id = door.open("webrtc")
    world.agentcore.refuses["offer"] = crash
    with pytest.raises(said):
        door.webrtc.offer(ALICE, session_id, OFFER)
    world.agentcore.refuses.clear()

    world.reap_until_settled()

    assert (world.reasons(), world.agentcore.stopped) == ([Reason.NEVER_JOINED], [session_id])
    world.assert_settled("webrtc")


@of_every_kind
def test_an_agent_that_crashes_after_its_answer(world, kind):
    """It joined, and beats no more."""
    door = world.process()
    session_id = door.open(kind)
    if kind == "webrtc":
        door.webrtc.offer(ALICE, session_id, OFFER)
    door.ledger.join(session_id)

    world.reap_until_settled()

    assert world.reasons() == [Reason.AGENT_LOST]
    world.assert_settled(kind)


@of_every_kind
def test_a_caller_who_vanishes_before_the_call(world, kind):
    """A page that was closed; an answered phone call whose stream never comes."""
    world.process().open(kind)

    world.reap_until_settled()

    assert world.reasons() == [Reason.NEVER_JOINED]
    world.assert_settled(kind)


def test_a_caller_who_vanishes_between_offer_and_path(world):
    """The agent holds the call that was answered, hears nobody, and gives up too late or not at all."""
    door = world.process()
    session_id = door.open("webrtc")
    door.webrtc.offer(ALICE, session_id, OFFER)
    door.ledger.join(session_id)

    fall_silent(world, door, session_id)

    assert world.reasons() == [Reason.IDLE]
    world.assert_settled("webrtc")


@of_every_kind
def test_a_caller_who_vanishes_in_the_call_of_an_agent_that_does_not_notice(world, kind):
    """The agent beats and hears nothing; its own cap should have ended the call long ago."""
    door = world.process()
    session_id = door.open(kind)
    door.ledger.join(session_id)

    fall_silent(world, door, session_id)

    assert world.reasons() == [Reason.IDLE]
    world.assert_settled(kind)


def fall_silent(world, agent, session_id: str) -> None:
    """Let the agent beat for two minutes in which nobody speaks, and the reaper look once."""
    for beat in range(1, 13):
        world.clock.advance(10)
        agent.ledger.heartbeat(session_id, silent_seconds=beat * 10.0)
    world.process().reaper.run()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_bridge_that_dies_with_a_ticket_in_its_hand(world, moment):
    """The provider has its answer, the stream came, and the agent never hears of it."""
    door, session_id = world.process(), "hotline-00000000-0000-4000-8000-000000000001"
    way = door.ring("twilio", session_id)
    with pytest.raises(DiedError):
        world.process(at(1, moment, DiedError())).stream(way)

    world.reap_until_settled()

    assert (world.reasons(), world.agentcore.stopped) == ([Reason.NEVER_JOINED], [session_id])
    world.assert_settled("twilio")


def test_a_bridge_that_loses_dynamodbs_answer_carries_nothing(world):
    """Whether the ticket is used up nobody knows: the stream is not carried, and the session ends."""
    door = world.process()
    way = door.ring("twilio", "hotline-00000000-0000-4000-8000-000000000001")
    bridge = world.process(at(1, "after", ConnectionError()))
    with pytest.raises(ConnectionError):
        bridge.stream(way)
    assert not world.process().stream(way)

    world.reap_until_settled()

    assert world.reasons() == [Reason.NEVER_JOINED]
    world.assert_settled("twilio")


def test_a_bridge_that_dies_in_the_call(world):
    """Its connection to the agent breaks, which the agent takes for a caller who is gone: it closes as for one."""
    door, session_id = world.process(), "hotline-00000000-0000-4000-8000-000000000001"
    assert door.stream(door.ring("twilio", session_id))
    door.ledger.join(session_id)
    door.ledger.close(session_id, Reason.CALLER_GONE)
    assert world.places() == []

    # AgentCore ends its microVM when it has been idle for long enough; nobody of ours has to.
    assert world.reasons() == [Reason.CALLER_GONE]


@pytest.mark.parametrize("line", PHONES)
def test_a_provider_that_asks_again_about_a_call_that_is_over(world, line):
    """A late second webhook opens nothing: the session it is about has ended."""
    door, session_id = world.process(), "hotline-00000000-0000-4000-8000-000000000001"
    door.ring(line, session_id)
    world.reap_until_settled()

    with pytest.raises(DoorError, match="has begun, or is over"):
        door.ring(line, session_id)

    assert world.reasons() == [Reason.NEVER_JOINED]
    world.assert_settled(line)
