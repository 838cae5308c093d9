import pytest

from runtime.door.telephony.stream_tokens import PREFIX, StreamTokens
from tests.door.conftest import TABLE, items

ALICE, BOB = (f"hotline-00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))


@pytest.fixture
def tokens(dynamodb, ledger, clock) -> StreamTokens:
    for session_id in (ALICE, BOB):
        ledger.open(
            session_id, owner="phone:x", transport="twilio", concurrency=2, per_caller=2, call_seconds=900
        )
    return StreamTokens(dynamodb, TABLE, clock=clock)


def test_a_ticket_is_good_once(tokens):
    """Two streams cannot be one caller's."""
    ticket = tokens.issue(ALICE, life_seconds=60)

    assert [tokens.redeem(ALICE, ticket) for _ in range(2)] == [True, False]


def test_a_ticket_is_for_its_own_session(tokens):
    """Whoever has one does not get into another's call, and does not spoil their own with the try."""
    ticket = tokens.issue(ALICE, life_seconds=60)
    tokens.issue(BOB, life_seconds=60)

    assert not tokens.redeem(BOB, ticket)
    assert tokens.redeem(ALICE, ticket)


@pytest.mark.parametrize(("waited", "good"), [(59, True), (61, False)])
def test_a_ticket_is_good_for_as_long_as_a_way_in(tokens, clock, waited, good):
    """A provider connects within a second; what comes a minute later is not it."""
    ticket = tokens.issue(ALICE, life_seconds=60)
    clock.advance(waited)

    assert tokens.redeem(ALICE, ticket) is good


def test_tickets_leave_the_row_alone(tokens, ledger):
    """The bridge redeems them, and may neither change nor read what a session is."""
    before = ledger.get(ALICE)
    tokens.redeem(ALICE, tokens.issue(ALICE, life_seconds=60))

    assert ledger.get(ALICE) == before


def test_a_ticket_forgets_itself(tokens, dynamodb, clock):
    """Also one that nobody used."""
    tokens.issue(ALICE, life_seconds=60)
    (ticket,) = [one for one in items(dynamodb) if one["session_id"]["S"].startswith(PREFIX)]

    assert int(ticket["expires_at"]["N"]) > clock() + 60


@pytest.mark.parametrize("guess", ["", "x", "0" * 43])
def test_a_guess_opens_nothing(tokens, guess):
    """Nor does the absence of a ticket."""
    tokens.issue(ALICE, life_seconds=60)

    assert not tokens.redeem(ALICE, guess)
    assert not tokens.redeem(BOB, guess)
