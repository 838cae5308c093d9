"""Who may touch which items of the one table that everything about sessions is in."""

import json
from fnmatch import fnmatchcase

import pytest
from pydantic import ValidationError

from runtime.door import budget, invites, leases, pace
from runtime.door.places import CALLER_PREFIX, SHARD_PREFIX, Place, caller_of
from runtime.door.sessions import new_session_id
from runtime.door.table import NOBODYS
from runtime.door.telephony import calls, phone_sessions, stream_tokens
from stacks.sections.door import DoorConfig
from stacks.sections.guests import GuestsConfig
from stacks.sections.section import COUNTED_SESSIONS
from stacks.sections.telephony import TelephonyConfig
from tests.stacks.deployment import synthesise
from tests.stacks.telephony import TELEPHONY

ROW = new_session_id()
SHARD, CALLER = f"{SHARD_PREFIX}49", f"{CALLER_PREFIX}0123456789abcdef0123456789abcdef"
RELAYS = f"{leases.PREFIX}arn:aws:kinesisvideo:us-east-1:111122223333:channel/a/1"
PACE = f"{pace.PREFIX}sessions-somebody"
GUESTS = (f"{invites.PREFIX}1", f"{invites.INVITERS_PREFIX}2", invites.ALL_GUESTS)
PHONES = (f"{calls.PREFIX}1", phone_sessions.ALL_PHONES)
TICKET = f"{stream_tokens.PREFIX}{ROW}"
KEYS = (ROW, SHARD, CALLER, RELAYS, PACE, TICKET, *GUESTS, *PHONES, budget.KEY, "anything-else")


def reach(deployment, stack: str, role: str, keys=KEYS) -> dict[str, set[str]]:
    """Each action on the ledger that *role* has, with the items that it may name."""
    found: dict[str, set[str]] = {}
    for logical_id, statement in deployment.statements(stack):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        condition = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
        patterns = condition.get("dynamodb:LeadingKeys", [])
        patterns = [patterns] if isinstance(patterns, str) else patterns
        for action in actions:
            if logical_id.startswith(role) and action.startswith("dynamodb:") and patterns:
                named = {key for key in keys if any(fnmatchcase(key, one) for one in patterns)}
                name = action.removeprefix("dynamodb:")
                found[name] = found.get(name, set()) | named
    return found


@pytest.mark.parametrize(
    ("stack", "role", "expected"),
    [
        ("Runtime", "Agent", {"GetItem": {ROW}, "UpdateItem": {ROW, SHARD, CALLER}}),
        (
            "Door",
            "Requests",
            {
                "GetItem": {ROW, RELAYS, *GUESTS},
                "BatchGetItem": {ROW, SHARD, CALLER, budget.KEY},
                "PutItem": {ROW},
                "UpdateItem": {ROW, SHARD, CALLER, RELAYS, PACE, *GUESTS},
            },
        ),
        (
            "Door",
            "Reaper",
            {
                "GetItem": {ROW},
                "BatchGetItem": {ROW, SHARD, CALLER},
                "UpdateItem": {ROW, SHARD, CALLER},
            },
        ),
        ("Door", "Budget", {"UpdateItem": {budget.KEY}}),
        (
            "Door",
            "Telephony",
            {
                "GetItem": {ROW, *PHONES},
                "BatchGetItem": {ROW, SHARD, CALLER, budget.KEY},
                "PutItem": {ROW},
                "UpdateItem": {ROW, SHARD, CALLER, PACE, TICKET, *PHONES},
            },
        ),
    ],
    ids=["agent", "door", "reaper", "budget switch", "telephony"],
)
def test_each_reaches_the_items_it_works_with_and_no_others(stack, role, expected):
    """An agent that is taken over cannot reopen the door, nor a budget's notice touch a session."""
    stage = synthesise("dev", json.dumps({"telephony": TELEPHONY}))

    assert reach(stage, stack, role) == expected


def test_who_goes_by_dynamodbs_clock_may_ask_for_it():
    """A refusal tells the time as well, and would ring somebody's alarm for denied requests every month."""
    stage = synthesise("dev", json.dumps({"telephony": TELEPHONY}))

    assert reach(stage, "Door", "Budget", keys=(NOBODYS,)) == {"UpdateItem": {NOBODYS}}


def test_what_one_item_counts_fits_into_it():
    """The last caller of a cap that is too high would be refused by DynamoDB, on the busiest day of all."""
    place = Place(session_id=ROW, taken_at=1_800_000_000, caller=caller_of("somebody"), shard=0)
    item_bytes, written_bytes, units_per_second = 400 * 1024, 1024, 1_000

    size = COUNTED_SESSIONS * (len(place.entry) + 1)
    assert size < item_bytes
    assert units_per_second * written_bytes / size > 10  # five sessions that come, and five that go


@pytest.mark.parametrize(
    ("section", "knob"),
    [
        (DoorConfig, "sessions_per_caller"),
        (GuestsConfig, "concurrency"),
        (GuestsConfig, "concurrency_per_inviter"),
        (TelephonyConfig, "concurrency"),
        (TelephonyConfig, "concurrency_per_number"),
    ],
)
def test_a_cap_that_one_item_cannot_hold_is_refused(section, knob):
    """With a clear word, before anything is deployed."""
    with pytest.raises(ValidationError) as refused:
        section(**{knob: COUNTED_SESSIONS + 1})

    assert f"less than or equal to {COUNTED_SESSIONS}" in str(refused.value)
