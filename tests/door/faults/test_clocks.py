"""One machine's clock is five minutes off, either way: every session ends on the very second on which it should.

DynamoDB's clock is right; what each machine knows of the time is what it hears from there.
"""

from dataclasses import dataclass, replace

import pytest

from runtime.door.session import Reason, State
from tests.door.faults.conftest import ALICE, GRACE, MINUTES, Process, World

PARTS = ("door", "agent", "reaper")

either_way = pytest.mark.parametrize("skew", [-MINUTES, MINUTES], ids=["behind", "ahead"])
whoever = pytest.mark.parametrize("who", PARTS)
# With relays, and with a ticket; the others have neither, and nothing else.
of_either_kind = pytest.mark.parametrize("kind", ["webrtc", "twilio"])


@dataclass
class Parts:
    """A door, an agent and a reaper on machines of their own, and a session of theirs."""

    world: World
    door: Process
    agent: Process
    reaper: Process
    session_id: str

    def after(self, seconds: float) -> State:
        """Let *seconds* pass and the reaper look; return what became of the session."""
        self.world.clock.advance(seconds)
        self.reaper.reaper.run()
        return State(self.world.row()["state"]["S"])


def opened(world: World, kind: str, who: str, skew: float) -> Parts:
    """Open a session where the clock of *who* is *skew* seconds ahead."""
    door, agent, reaper = (world.process(skew=skew if name == who else 0.0) for name in PARTS)
    return Parts(world, door, agent, reaper, door.open(kind))


@of_either_kind
@whoever
@either_way
def test_a_way_in_is_open_to_the_second(world, kind, who, skew):
    """Nobody who comes in the last moment is turned away, and nobody's place is held for longer."""
    parts = opened(world, kind, who, skew)

    assert parts.after(world.settings.join_seconds + GRACE) is State.OPEN
    assert parts.after(1) is State.CLOSED

    assert world.reasons() == [Reason.NEVER_JOINED]
    world.assert_settled(kind)


@of_either_kind
@whoever
@either_way
def test_a_heartbeat_is_missed_to_the_second(world, kind, who, skew):
    """A reaper that is ahead would end every healthy call, and an agent that is behind would look lost."""
    parts = opened(world, kind, who, skew)
    world.clock.advance(20)
    parts.agent.ledger.join(parts.session_id)
    world.clock.advance(10)
    parts.agent.ledger.heartbeat(parts.session_id)

    assert parts.after(world.settings.heartbeat_lost_seconds) is State.ACTIVE
    assert parts.after(1) is State.CLOSED

    assert world.reasons() == [Reason.AGENT_LOST]
    world.assert_settled(kind)


@whoever
@either_way
def test_a_call_may_last_to_the_second_and_is_measured_by_it(world, who, skew):
    """Whoever is wrong: the caller gets what they were promised, and the row says what it was."""
    world.settings = replace(world.settings, call_seconds=60)
    parts = opened(world, "webrtc", who, skew)
    parts.agent.ledger.join(parts.session_id)
    for _ in range((60 + GRACE) // 10):
        world.clock.advance(10)
        parts.agent.ledger.heartbeat(parts.session_id)

    assert parts.after(0) is State.ACTIVE
    assert parts.after(1) is State.CLOSED

    assert world.reasons() == [Reason.DURATION]
    assert float(world.row()["seconds"]["N"]) == 60 + GRACE + 1
    world.assert_settled("webrtc")


@either_way
def test_a_door_that_is_looked_through_tells_the_truth(world, skew):
    """Between two runs of the reaper, GET judges: by the ledger's time, not by the function's."""
    parts = opened(world, "websocket", "door", skew)
    parts.agent.ledger.join(parts.session_id)
    world.clock.advance(world.settings.heartbeat_lost_seconds)
    shown = parts.door.sessions.show(ALICE, parts.session_id)
    assert (shown.state, shown.seconds) == (State.ACTIVE, world.settings.heartbeat_lost_seconds)

    world.clock.advance(1)

    assert parts.door.sessions.show(ALICE, parts.session_id).reason == Reason.AGENT_LOST
    world.assert_settled("websocket")


@either_way
def test_a_dead_doors_place_is_taken_back_to_the_second(world, skew):
    """An entry carries the moment at which its door took it; a door that is only slow keeps its session."""
    door, reaper = world.process(skew=skew), world.process(skew=0)
    door.ledger._places.take("hotline-1", caller="c", known={}, concurrency=1, per_caller=1)
    world.clock.advance(GRACE)
    reaper.reaper.run()
    assert len(world.places()) == 2

    world.clock.advance(1)
    reaper.reaper.run()

    assert (world.places(), world.reasons()) == ([], [Reason.NEVER_OPENED])


@either_way
def test_an_agent_is_told_the_right_time_by_a_door_whose_own_is_wrong(world, skew):
    """It writes its first row before DynamoDB has answered it anything."""
    world.process(skew=skew).open("websocket")

    ((_, asked),) = world.agentcore.asked
    assert asked["now"] == world.clock()


@either_way
def test_a_ticket_is_good_to_the_second(world, skew):
    """A bridge that is ahead would refuse every caller of Twilio's; one that is behind, take old tickets."""
    door, bridge = world.process(skew=0), world.process(skew=skew)
    way = door.ring("twilio", "hotline-00000000-0000-4000-8000-000000000001")
    world.clock.advance(world.settings.join_seconds)

    assert bridge.stream(way)


@either_way
def test_an_old_ticket_is_none(world, skew):
    """A second later than the other."""
    door, bridge = world.process(skew=0), world.process(skew=skew)
    way = door.ring("twilio", "hotline-00000000-0000-4000-8000-000000000001")
    world.clock.advance(world.settings.join_seconds + 1)

    assert not bridge.stream(way)
