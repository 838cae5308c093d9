import pytest

from runtime.door.errors import InviteSpentError, InviteUnknownError
from runtime.door.invites import Invite, Invites
from tests.door.conftest import TABLE, items
from tests.door.gateway import ALICE, BOB

FIRST = "hotline-00000000-0000-4000-8000-000000000001"
SECOND = "hotline-00000000-0000-4000-8000-000000000002"
LIFE_SECONDS = 600


@pytest.fixture
def invites(dynamodb, clock) -> Invites:
    return Invites(dynamodb, TABLE, clock=clock)


@pytest.fixture
def invite(invites, clock) -> Invite:
    made = Invite(invite_id="0f" * 16, inviter=ALICE, good_until=int(clock.now) + LIFE_SECONDS)
    invites.add(made)
    return made


def redeemed(invites, invite, session_id) -> bool:
    try:
        invites.redeem(invite.invite_id, session_id)
    except InviteSpentError:
        return False
    return True


def test_an_invite_says_who_made_it(invites, invite):
    """The bearer cannot: a link names nobody, so that it tells nothing to whoever finds it."""
    assert invites.redeem(invite.invite_id, FIRST) == invite


def test_an_invite_is_good_once(invites, invite, dynamodb):
    """The second bearer of a link is refused, and the ledger still says whose session came of it."""
    assert redeemed(invites, invite, FIRST)
    assert not redeemed(invites, invite, SECOND)

    (item,) = items(dynamodb)
    assert item["redeemed_for"] == {"S": FIRST}


def test_a_request_that_arrives_twice_redeems_once(invites, invite):
    """DynamoDB's answer may get lost; botocore then repeats the write that has been done."""
    assert redeemed(invites, invite, FIRST)
    assert redeemed(invites, invite, FIRST)
    assert not redeemed(invites, invite, SECOND)


def test_an_invite_has_an_end(invites, invite, clock):
    """Also here, where no gateway and no clock of another machine has a say."""
    clock.advance(LIFE_SECONDS)

    assert not redeemed(invites, invite, FIRST)


def test_an_invite_that_nobody_made_opens_nothing(invites, dynamodb):
    """A row that is not there must not come to be by redeeming it."""
    with pytest.raises(InviteSpentError, match="Ask whoever sent it"):
        invites.redeem("1e" * 16, FIRST)
    assert items(dynamodb) == []


def test_an_invite_is_given_back_by_the_session_that_took_it_and_no_other(invites, invite):
    """Else a slow door would make good again what somebody else has used meanwhile."""
    invites.redeem(invite.invite_id, FIRST)

    invites.give_back(invite.invite_id, SECOND)
    assert not redeemed(invites, invite, SECOND)
    invites.give_back(invite.invite_id, FIRST)
    assert redeemed(invites, invite, SECOND)


def test_giving_back_what_is_not_there_makes_nothing(invites, dynamodb):
    """DynamoDB's update writes an item where it finds none."""
    invites.give_back("1e" * 16, FIRST)

    assert items(dynamodb) == []


def test_who_invited_is_known_for_a_month_and_then_forgotten(invite, dynamodb):
    """As long as the sessions themselves."""
    (item,) = items(dynamodb)

    assert item["expires_at"] == {"N": str(invite.good_until + 30 * 24 * 3600)}


def test_guests_of_one_inviter_share_their_places(invite):
    """By a name that says no more than a hash."""
    other = Invite(invite_id="2d" * 16, inviter=ALICE, good_until=invite.good_until)

    assert invite.inviters_guests == other.inviters_guests
    assert invite.guest != other.guest
    assert ALICE not in invite.inviters_guests


def test_a_withdrawn_invite_opens_nothing(invites, invite):
    """A link that went to the wrong person is worth nothing from that moment on."""
    assert invites.withdraw(invite.invite_id, ALICE) == ""

    assert not redeemed(invites, invite, FIRST)


def test_who_had_redeemed_a_withdrawn_invite_does_not_go_on(invites, invite):
    """Whoever withdraws it learns which session there is to end, as often as they ask."""
    invites.redeem(invite.invite_id, FIRST)
    invites.check(invite.invite_id)

    assert [invites.withdraw(invite.invite_id, ALICE) for _ in range(2)] == [FIRST, FIRST]
    with pytest.raises(InviteSpentError, match="withdrawn"):
        invites.check(invite.invite_id)


def test_giving_back_does_not_undo_a_withdrawal(invites, invite):
    """A door whose session could not be opened knows nothing of it."""
    invites.redeem(invite.invite_id, FIRST)
    invites.withdraw(invite.invite_id, ALICE)
    invites.give_back(invite.invite_id, FIRST)

    assert not redeemed(invites, invite, SECOND)


@pytest.mark.parametrize("inviter", [BOB, "", "guest:" + "0f" * 16])
def test_nobody_withdraws_anothers_invite(invites, invite, dynamodb, inviter):
    """Nor finds out whether there is one."""
    before = items(dynamodb)
    with pytest.raises(InviteUnknownError) as anothers:
        invites.withdraw(invite.invite_id, inviter)
    with pytest.raises(InviteUnknownError) as nobodys:
        invites.withdraw("1e" * 16, inviter)

    assert str(anothers.value) == str(nobodys.value)
    assert items(dynamodb) == before
    assert redeemed(invites, invite, FIRST)


@pytest.mark.parametrize("junk", ["", "../sessions", "0F" * 16, "0f" * 16 + "\n", "x" * 5_000])
def test_an_id_that_is_none_is_not_even_looked_for(invites, dynamodb, junk):
    """The table has other items whose keys begin alike, or that are somebody's own."""
    with pytest.raises(InviteUnknownError):
        invites.withdraw(junk, ALICE)
    assert items(dynamodb) == []
