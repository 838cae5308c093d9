"""A process dies at every step of everything that is done to a session: nothing stays open, taken or running."""

from contextlib import suppress
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from runtime.door.errors import DoorError
from runtime.door.session import Figures, Reason
from tests.door.faults.conftest import ALICE, KINDS, PAGES, DiedError

# Of the switch and the caller's places, the shard, the caller, the row.
WRITING = ["batch_get_item", "update_item", "update_item", "put_item"]
# Whether the call has a session; the caller's name, their pace, the phones' share.
RINGING = ["get_item", "generate_mac", "update_item", "update_item"]
OPENING = {
    "websocket": [*WRITING, "invoke_agent_runtime"],
    # A channel's lease, before the wake.
    "webrtc": [*WRITING, "update_item", "invoke_agent_runtime"],
    "vonage": [*RINGING, *WRITING, "invoke_agent_runtime"],
    # The stream's ticket, after the wake.
    "twilio": [*RINGING, *WRITING, "invoke_agent_runtime", "update_item"],
}
# Of the row; its end; the microVM's; the row again for its place; both places; the row for the answer.
ENDING = [
    "get_item",
    "update_item",
    "stop_runtime_session",
    "get_item",
    "update_item",
    "update_item",
    "get_item",
]
# What goes wrong outside DynamoDB is in test_faults.py.
OF_DYNAMODB = {"get_item", "batch_get_item", "update_item", "put_item"}
MOMENTS = ("before", "after")

# Vonage's steps are Twilio's first.
EACH_STEP = [(kind, step) for kind in (*PAGES, "twilio") for step in range(1, len(OPENING[kind]) + 1)]
EACH_OF_DYNAMODB = [(kind, step) for kind, step in EACH_STEP if OPENING[kind][step - 1] in OF_DYNAMODB]
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "UpdateItem")


def at(step: int, moment: str, error: BaseException):
    """Raise *error* at the *moment* of *step*, and from then on: the process is gone, or the service down."""

    def fault(number: int, now: str) -> None:
        if (number, MOMENTS.index(now)) >= (step, MOMENTS.index(moment)):
            raise error

    return fault


def once(step: int, moment: str, error: BaseException):
    """Raise *error* at that moment alone."""

    def fault(number: int, now: str) -> None:
        if (number, now) == (step, moment):
            raise error

    return fault


@pytest.mark.parametrize("kind", KINDS)
def test_these_are_the_steps_of_opening(world, kind):
    """If a step is added, the tests below must die there too."""
    door = world.process()
    door.open(kind)

    assert door.steps == OPENING[kind]


@pytest.mark.parametrize("kind", PAGES)
def test_these_are_the_steps_of_ending(world, kind):
    """Phones have no such request: their provider closes the stream."""
    door = world.process()
    session_id = door.open(kind)
    door.steps.clear()

    door.sessions.end(ALICE, session_id)

    assert door.steps == ENDING


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("kind", "step"), EACH_STEP)
def test_a_door_that_dies_while_it_opens(world, kind, step, moment):
    """Lambda kills a function at its timeout, and a machine dies when it likes."""
    with pytest.raises(DiedError):
        world.process(at(step, moment, DiedError())).open(kind)

    world.reap_until_settled()

    world.assert_settled(kind)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", range(1, len(OPENING["twilio"]) + 1))
def test_a_provider_that_asks_again_after_a_door_died(world, step, moment):
    """The call has had its session's id from the first time on, so two doors work on one session."""
    world.settings = replace(world.settings, concurrency=2)
    world.phone_settings = replace(world.phone_settings, phone_concurrency=2, calls_per_number=2)
    session_id = "hotline-00000000-0000-4000-8000-000000000001"
    with pytest.raises(DiedError):
        world.process(at(step, moment, DiedError())).ring("twilio", session_id)
    world.clock.advance(5)
    world.process().ring("twilio", session_id)

    world.reap_until_settled()

    world.assert_settled("twilio")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", range(1, len(ENDING) + 1))
@pytest.mark.parametrize("kind", PAGES)
def test_a_door_that_dies_while_it_ends(world, kind, step, moment):
    """The caller hung up, and may have seen no answer."""
    session_id = world.process().open(kind)
    with pytest.raises(DiedError):
        world.process(at(step, moment, DiedError())).sessions.end(ALICE, session_id)

    world.reap_until_settled()

    world.assert_settled(kind)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", [1, 2, 3])
def test_an_agent_that_dies_while_it_closes(world, step, moment):
    """Its microVM crashed between the end of the call and the last word to the ledger."""
    session_id = world.process().open("webrtc")
    agent = world.process(at(step, moment, DiedError()))
    world.process().ledger.join(session_id)
    with pytest.raises(DiedError):
        agent.ledger.close(session_id, Reason.HANG_UP, Figures(cost_usd=0.01))
    assert agent.steps == ["update_item"] * step

    world.reap_until_settled()

    assert world.places() == []
    assert world.row()["state"]["S"] == "closed"


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", range(1, 8))
def test_a_reaper_that_dies_while_it_reaps(world, step, moment):
    """The next minute's run goes on where it fell."""
    world.process().open("webrtc")
    world.clock.advance(world.settings.join_seconds + 31)
    with suppress(DiedError):
        world.process(at(step, moment, DiedError())).reaper.run()

    world.reap_until_settled()

    world.assert_settled("webrtc")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", range(1, 7))
def test_a_reaper_that_dies_while_it_buries(world, step, moment):
    """What a dead door left behind is settled by reapers that die as well."""
    with pytest.raises(DiedError):
        world.process(at(3, "after", DiedError())).open("websocket")
    world.clock.advance(31)
    with suppress(DiedError):
        world.process(at(step, moment, DiedError())).reaper.run()

    world.reap_until_settled()

    world.assert_settled("websocket")


@pytest.mark.parametrize(("kind", "step"), EACH_OF_DYNAMODB)
def test_a_dynamodb_that_throttles_while_a_session_opens(world, kind, step):
    """botocore has tried thrice by then.  The caller is refused, and what was begun is undone."""
    with pytest.raises(DoorError, match="ThrottlingException"):
        world.process(at(step, "before", THROTTLED)).open(kind)

    world.reap_until_settled()

    world.assert_settled(kind)


@pytest.mark.parametrize(("kind", "step"), EACH_OF_DYNAMODB)
def test_an_answer_of_dynamodbs_that_gets_lost(world, kind, step):
    """Nobody knows whether it was written, and it was."""
    lost = ReadTimeoutError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com")
    with pytest.raises(DoorError, match="ReadTimeoutError"):
        world.process(once(step, "after", lost)).open(kind)

    world.reap_until_settled()

    world.assert_settled(kind)


@pytest.mark.parametrize("step", [1, 2, 4, 5, 6])
@pytest.mark.parametrize("kind", PAGES)
def test_a_dynamodb_that_throttles_while_a_session_ends(world, kind, step):
    """The caller hears that it did not work, and the session ends nevertheless."""
    session_id = world.process().open(kind)
    with pytest.raises(DoorError, match="ThrottlingException"):
        world.process(at(step, "before", THROTTLED)).sessions.end(ALICE, session_id)

    world.reap_until_settled()

    world.assert_settled(kind)
