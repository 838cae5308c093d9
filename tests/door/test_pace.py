import pytest

from runtime.door.errors import TooManyBegunError
from runtime.door.pace import Pace
from tests.door.conftest import TABLE
from tests.door.gateway import ALICE, BOB


@pytest.fixture
def pace(dynamodb, clock) -> Pace:
    return Pace(dynamodb, TABLE, what="sessions", most=6, clock=clock)


def begun(pace, caller, times) -> int:
    """How many of so many tries in a row pass."""
    passed = 0
    for _ in range(times):
        try:
            pace.keep(caller)
        except TooManyBegunError:
            continue
        passed += 1
    return passed


def test_a_minutes_worth_passes_at_once_and_then_an_even_pace(pace, clock):
    """A page may be opened in a few tabs; a loop may not go on."""
    assert begun(pace, ALICE, 20) == 6
    clock.advance(10)
    assert begun(pace, ALICE, 20) == 1
    clock.advance(30)
    assert begun(pace, ALICE, 20) == 3


def test_no_minute_ever_sees_more_than_twice_as_many(pace, clock):
    """However it is timed: what is full at its start, and what is filled in its course."""
    passed = 0
    for _ in range(8 * 60 + 1):
        passed += begun(pace, ALICE, 1)
        clock.advance(1 / 8)

    assert passed == 6 + 6


def test_a_long_rest_is_no_credit(pace, clock):
    """A quiet night does not pay for a flood in the morning."""
    begun(pace, ALICE, 3)
    clock.advance(12 * 3_600)

    assert begun(pace, ALICE, 20) == 6


def test_the_refused_are_told_when_to_come_back(pace, clock):
    """And coming back then works."""
    begun(pace, ALICE, 6)
    with pytest.raises(TooManyBegunError, match="6 sessions in a minute") as refusal:
        pace.keep(ALICE)

    clock.advance(refusal.value.retry_seconds)
    assert begun(pace, ALICE, 1) == 1


def test_one_caller_slows_no_other(pace, dynamodb, clock):
    """Nor does what they do count as something else."""
    begun(pace, ALICE, 20)

    assert begun(pace, BOB, 20) == 6
    assert begun(Pace(dynamodb, TABLE, what="invites", most=6, clock=clock), ALICE, 20) == 6


def test_what_it_remembers_goes_by_itself(pace, dynamodb, clock):
    """The table keeps no list of who called when."""
    begun(pace, ALICE, 20)

    (item,) = dynamodb.scan(TableName=TABLE)["Items"]
    assert item["expires_at"] == {"N": str(int(clock.now) + 3_600)}


def test_time_that_passes_between_two_looks_refuses_nobody(dynamodb, clock):
    """DynamoDB takes longer to answer than a fast pace takes to go on."""

    def passing() -> float:
        clock.advance(0.06)
        return clock.now

    pace = Pace(dynamodb, TABLE, what="sessions", most=600, clock=passing)

    assert begun(pace, ALICE, 20) == 20
