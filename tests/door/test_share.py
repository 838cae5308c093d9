import pytest

from runtime.door.errors import ShareTakenError
from runtime.door.session import Reason
from runtime.door.share import Share
from tests.door.conftest import TABLE, items
from tests.door.gateway import ALICE


@pytest.fixture
def share(dynamodb, clock) -> Share:
    return Share(dynamodb, TABLE, key="guest-sessions", most=2, clock=clock)


def taken(share, session_id) -> bool:
    try:
        share.take(session_id)
    except ShareTakenError:
        return False
    return True


def opened(ledger, session_id):
    return ledger.open(session_id, owner=ALICE, transport="websocket", concurrency=100, per_caller=100)


def test_no_more_than_its_most_are_taken(share, ledger):
    """However many places the stage itself still has."""
    for session_id in ("a", "b"):
        share.take(session_id)
        opened(ledger, session_id)

    assert not taken(share, "c")


def test_what_has_ended_makes_room_by_itself(share, ledger):
    """Whoever ends a session knows nothing of shares: the agent, the reaper, a caller."""
    for session_id in ("a", "b"):
        share.take(session_id)
        opened(ledger, session_id)
    ledger.close("a", Reason.HANG_UP)

    assert taken(share, "c")
    assert not taken(share, "d")


def test_a_place_is_kept_while_its_session_is_being_written(share, clock):
    """The place comes first; nobody may take it for dead in between."""
    share.take("a")
    share.take("b")

    clock.advance(30)
    assert not taken(share, "c")


def test_a_door_that_died_leaves_no_place_taken(share, clock):
    """Its session was never written, and never will be."""
    share.take("a")
    share.take("b")

    clock.advance(31)
    assert taken(share, "c")


def test_a_session_that_could_not_be_opened_gives_its_place_back_at_once(share):
    """Nobody has to wait for half a minute because every other place was taken."""
    share.take("a")
    share.take("b")
    share.give_back("a")

    assert taken(share, "c")
    assert not taken(share, "d")


def test_giving_back_what_was_not_taken_makes_nothing(share, dynamodb):
    """DynamoDB's update writes an item where it finds none."""
    share.give_back("a")

    assert items(dynamodb) == []


def test_shares_are_counted_apart(share, dynamodb, clock):
    """One inviter's guests take no place of another's."""
    other = Share(dynamodb, TABLE, key="guests-of-another", most=2, clock=clock)
    share.take("a")
    share.take("b")

    assert taken(other, "c")


def test_a_row_that_cannot_be_read_holds_up_no_other(share, ledger, dynamodb):
    """Agents write rows, and one may have been taken over: guests come in all the same."""
    for session_id in ("a", "b"):
        share.take(session_id)
        opened(ledger, session_id)
    ledger.close("a", Reason.HANG_UP)
    dynamodb.update_item(
        TableName=TABLE,
        Key={"session_id": {"S": "b"}},
        UpdateExpression="REMOVE #state",
        ExpressionAttributeNames={"#state": "state"},
    )

    assert taken(share, "c")
