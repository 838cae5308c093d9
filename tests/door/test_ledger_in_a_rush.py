"""The caps against a DynamoDB that serves requests side by side, which moto does not."""

import threading
from uuid import uuid4

import pytest

from runtime.door.errors import CallerLimitError, ConcurrencyReachedError, DoorError
from runtime.door.ledger import Ledger
from runtime.door.session import Reason
from tests.door.conftest import create_table

RUSH = 200
"""Requests at once."""


@pytest.fixture(scope="module")
def ledger(ministack_dynamodb):
    """A ledger on MiniStack, in a process of its own."""
    create_table(ministack_dynamodb, "rush")
    return Ledger(ministack_dynamodb, "rush")


def arrive(ledger: Ledger, owner: str, *, concurrency: int, per_caller: int) -> str:
    session_id = str(uuid4())
    ledger.open(
        session_id, owner=owner, transport="websocket", concurrency=concurrency, per_caller=per_caller
    )
    return session_id


def all_at_once(act, count: int) -> list:
    """Do *act* in *count* threads, each with its number; return what each came to."""
    results = []
    start = threading.Barrier(count)

    def attempt(number: int) -> None:
        start.wait()
        try:
            results.append(act(number))
        except DoorError as refusal:
            results.append(refusal)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(count)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return results


def admitted(verdicts: list) -> set[str]:
    return {one for one in verdicts if isinstance(one, str)}


def end_all(ledger: Ledger) -> None:
    for session in ledger.open_sessions():
        ledger.close(session.session_id, Reason.STOPPED)
    assert list(ledger.held()) == []


@pytest.mark.parametrize("concurrency", [7, 130], ids=["one shard", "two shards"])
def test_a_rush_of_callers_fills_the_cap_exactly(ledger, concurrency):
    """The cap guards Bedrock's quota and the bill exactly when everybody calls, and wastes no place."""
    verdicts = all_at_once(
        lambda number: arrive(ledger, f"o-{number}", concurrency=concurrency, per_caller=1), RUSH
    )

    refused = [one for one in verdicts if not isinstance(one, str)]
    assert len(admitted(verdicts)) == concurrency
    assert {type(one) for one in refused} == {ConcurrencyReachedError}
    assert {one.session_id for one in ledger.open_sessions()} == admitted(verdicts)
    end_all(ledger)


def test_a_rush_of_one_caller_fills_their_own_cap_exactly(ledger):
    """A client in a loop gets what one caller may have, and everybody else still gets in."""
    verdicts = all_at_once(lambda _number: arrive(ledger, "greedy", concurrency=1_000, per_caller=3), RUSH)

    refused = [one for one in verdicts if not isinstance(one, str)]
    assert len(admitted(verdicts)) == 3
    assert {type(one) for one in refused} == {CallerLimitError}
    assert {one.session_id for one in ledger.open_sessions()} == admitted(verdicts)
    assert arrive(ledger, "another", concurrency=4, per_caller=1)
    end_all(ledger)


def test_callers_who_come_and_go_at_once_leave_no_place_behind(ledger):
    """Openings and endings touch the same items all the time; none of them may get lost."""

    def come_and_go(number: int) -> str:
        session_id = arrive(ledger, f"o-{number % 40}", concurrency=120, per_caller=5)
        ledger.join(session_id)
        ledger.close(session_id, Reason.HANG_UP)
        return session_id

    verdicts = all_at_once(come_and_go, RUSH)

    assert admitted(verdicts)
    assert list(ledger.held()) == []
    assert sum(1 for _ in verdicts) == RUSH


def test_many_who_end_one_call_give_one_place_back(ledger):
    """Agent, caller and reaper may all see the end of a call in the same second."""
    session_id = arrive(ledger, "o", concurrency=100, per_caller=100)
    arrive(ledger, "o", concurrency=100, per_caller=100)

    verdicts = all_at_once(lambda _number: ledger.close(session_id, Reason.HANG_UP), 8)

    assert sorted(verdicts) == [False] * 7 + [True]
    assert len(list(ledger.held())) == 1
    end_all(ledger)
