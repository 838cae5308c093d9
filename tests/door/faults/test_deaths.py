"""A process dies at every step of everything that is done to a session: nothing stays open, taken or running."""

from contextlib import suppress

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from runtime.door.errors import DoorError
from runtime.door.session import Figures, Reason
from tests.door.faults.conftest import ALICE, DiedError, open_one

# Of the switch and the caller's places, the shard, the caller, the row; then the wake.
OPENING = ["batch_get_item", "update_item", "update_item", "put_item", "invoke_agent_runtime"]
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
MOMENTS = ("before", "after")


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


def test_these_are_the_steps(world):
    """If a step is added, the tests below must die there too."""
    door = world.process()
    session_id = open_one(door)
    assert door.steps == OPENING

    door.steps.clear()
    door.sessions.end(ALICE, session_id)
    assert door.steps == ENDING


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", range(1, len(OPENING) + 1))
def test_a_door_that_dies_while_it_opens(world, step, moment):
    """Lambda kills a function at its timeout, and a machine dies when it likes."""
    with pytest.raises(DiedError):
        open_one(world.process(at(step, moment, DiedError())))

    world.reap_until_settled()

    world.assert_settled()


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", range(1, len(ENDING) + 1))
def test_a_door_that_dies_while_it_ends(world, step, moment):
    """The caller hung up, and may have seen no answer."""
    session_id = open_one(world.process())
    with pytest.raises(DiedError):
        world.process(at(step, moment, DiedError())).sessions.end(ALICE, session_id)

    world.reap_until_settled()

    world.assert_settled()


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", [1, 2, 3])
def test_an_agent_that_dies_while_it_closes(world, step, moment):
    """Its microVM crashed between the end of the call and the last word to the ledger."""
    session_id = open_one(world.process())
    agent = world.process(at(step, moment, DiedError()))
    world.process().ledger.join(session_id)
    with pytest.raises(DiedError):
        agent.ledger.close(session_id, Reason.HANG_UP, Figures(cost_usd=0.01))
    assert agent.steps == ["update_item"] * step

    world.reap_until_settled()

    assert world.places() == []
    (row,) = world.rows()
    assert row["state"]["S"] == "closed"


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", range(1, 8))
def test_a_reaper_that_dies_while_it_reaps(world, step, moment):
    """The next minute's run goes on where it fell."""
    open_one(world.process())
    world.clock.advance(world.settings.join_seconds + 31)
    with suppress(DiedError):
        world.process(at(step, moment, DiedError())).reaper.run()

    world.reap_until_settled()

    world.assert_settled()


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", range(1, 7))
def test_a_reaper_that_dies_while_it_buries(world, step, moment):
    """What a dead door left behind is settled by reapers that die as well."""
    with pytest.raises(DiedError):
        open_one(world.process(at(3, "after", DiedError())))
    world.clock.advance(31)
    with suppress(DiedError):
        world.process(at(step, moment, DiedError())).reaper.run()

    world.reap_until_settled()

    world.assert_settled()


@pytest.mark.parametrize("step", range(1, len(OPENING)))
def test_a_dynamodb_that_throttles_while_a_session_opens(world, step):
    """botocore has tried thrice by then.  The caller is refused, and what was begun is undone."""
    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "UpdateItem")
    with pytest.raises(DoorError, match="ThrottlingException"):
        open_one(world.process(at(step, "before", throttled)))

    world.reap_until_settled()

    world.assert_settled()


@pytest.mark.parametrize("step", range(1, len(OPENING)))
def test_an_answer_of_dynamodbs_that_gets_lost(world, step):
    """Nobody knows whether it was written, and it was."""
    lost = ReadTimeoutError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com")
    with pytest.raises(DoorError, match="ReadTimeoutError"):
        open_one(world.process(once(step, "after", lost)))

    world.reap_until_settled()

    world.assert_settled()


@pytest.mark.parametrize("step", [1, 2, 4, 5, 6])
def test_a_dynamodb_that_throttles_while_a_session_ends(world, step):
    """The caller hears that it did not work, and the session ends nevertheless."""
    session_id = open_one(world.process())
    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "UpdateItem")
    with pytest.raises(DoorError, match="ThrottlingException"):
        world.process(at(step, "before", throttled)).sessions.end(ALICE, session_id)

    world.reap_until_settled()

    world.assert_settled()
