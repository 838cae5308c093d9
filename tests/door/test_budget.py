"""The budget switch: who may throw it, what it refuses, and who opens the door again."""

import json
import logging
from http import HTTPStatus

import pytest

from runtime.door import budget_handler
from runtime.door.budget import BudgetSwitch, Notice
from runtime.door.errors import BudgetNoticeError, BudgetSpentError, LedgerUnavailableError
from runtime.door.http import BUDGET_SPENT
from runtime.door.session import State
from runtime.errors import SettingsError
from runtime.settings.budget import BudgetSettings
from tests.door.conftest import REGION, TABLE, answers_at, items
from tests.door.gateway import WANTED, WANTED_WEBRTC
from tests.door.notices import BUDGET, TOPIC, delivered, letter


@pytest.fixture
def switch(dynamodb, clock) -> BudgetSwitch:
    return BudgetSwitch(dynamodb, TABLE, clock=clock)


@pytest.fixture
def notified(monkeypatch, dynamodb):  # noqa: ARG001 - it is what starts moto
    """Hand an event to the function, whose process has just started."""
    settings = BudgetSettings(region=REGION, ledger_table=TABLE, budget=BUDGET, topic_arn=TOPIC)
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    budget_handler._switch.cache_clear()
    yield lambda event: budget_handler.handle_budget(event, None)
    budget_handler._switch.cache_clear()


def test_a_spent_budget_closes_the_door_and_says_why(notified, switch):
    """Whoever is asked why nobody gets in must find it."""
    notified(delivered())

    state = switch.state()
    assert (state.closed, state.spent, state.limit) == (True, "$100.42", "$100.00")
    with pytest.raises(BudgetSpentError, match="scripts/budget"):
        state.check()


@pytest.mark.parametrize("wanted", [WANTED, WANTED_WEBRTC])
def test_a_closed_door_opens_no_session_and_wakes_no_agent(
    call, notified, *, dynamodb, agentcore, wanted, capsys
):
    """In words that a page can show, with a type that a program can know, and with nothing half made."""
    notified(delivered())
    before = items(dynamodb)

    status, told, headers = call("POST /sessions", body=wanted)

    assert (status, told["type"]) == (HTTPStatus.SERVICE_UNAVAILABLE, BUDGET_SPENT)
    assert "calls that are on go on" in told["detail"]
    assert "$" not in told["detail"]  # what is spent is nobody's business but the owner's
    assert headers["retry-after"] == "3600"
    sessions_made = [one for one in items(dynamodb) if one not in before and "owner" in one]
    assert (sessions_made, agentcore.asked) == ([], [])
    refused = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "SessionsRefused" in line]
    assert [(one["SessionsRefused"], one["reason"]) for one in refused] == [(1, "budget")]


def test_running_calls_go_on_and_end_as_ever(call, notified, ledger):
    """Hanging up on a caller in mid-sentence saves a cent."""
    session_id = call("POST /sessions", body=WANTED)[1]["session_id"]
    notified(delivered())

    ledger.join(session_id)
    ledger.heartbeat(session_id)
    status, shown, _ = call("GET /sessions/{id}", session_id=session_id)

    assert (status, shown["state"]) == (HTTPStatus.OK, State.ACTIVE)
    assert call("DELETE /sessions/{id}", session_id=session_id)[1]["state"] == State.CLOSED


def test_a_person_opens_the_door_again_and_a_replay_does_not_close_it(call, notified, switch):
    """SNS delivers at least once, for weeks if it must; what somebody has resumed must stay so."""
    notified(delivered())
    assert switch.resume() is True
    assert switch.resume() is False

    notified(delivered())
    notified(delivered(at="2026-10-03T00:00:00.000Z"))  # last month's, late

    assert not switch.state().closed
    assert call("POST /sessions", body=WANTED)[0] == HTTPStatus.CREATED


def test_the_next_notice_closes_the_door_again(notified, switch):
    """Next month's budget is spent as this one's was."""
    notified(delivered())
    switch.resume()

    notified(delivered(letter(spent="$1,204.07"), at="2026-12-19T08:00:00.000Z"))

    assert (switch.state().closed, switch.state().spent) == (True, "$1,204.07")


def test_a_notice_twice_changes_nothing(notified, switch, clock):
    """The moment that is shown is when the door closed, not when SNS last tried."""
    notified(delivered())
    closed_at = switch.state().closed_at
    clock.advance(60)

    notified(delivered())

    assert switch.state().closed_at == closed_at


FOREIGN = {
    "another topic": delivered(topic=TOPIC.replace("BudgetSpent", "Alarms")),
    "another budget": delivered(letter("Somebody-elses")),
    "a longer name": delivered(letter(f"{BUDGET}-2")),
    "a forecast": delivered(letter(kind="FORECASTED")),
    "no notice": delivered('{"AlarmName": "x"}'),
    "a name only in the words": delivered(f"Budget Name: other\nAlert Type: ACTUAL\nyour {BUDGET} budget"),
    "another source": {"Records": [{**delivered()["Records"][0], "EventSource": "aws:s3"}]},
}


@pytest.mark.parametrize("event", FOREIGN.values(), ids=FOREIGN)
def test_what_is_not_about_our_budget_closes_nothing_and_is_reported(notified, switch, dynamodb, event):
    """Any other message must not put a stage out of service; the alarm on the function tells of it."""
    with pytest.raises(BudgetNoticeError, match="nothing was closed"):
        notified(event)

    assert not switch.state().closed
    assert items(dynamodb) == []


def test_nothing_but_amounts_is_kept_of_a_notice(notified, switch):
    """Its text is shown to operators; somebody could write anything there."""
    notified(delivered(letter(spent="$1; see http://evil.example")))

    assert switch.state().closed
    assert "evil" not in switch.state().spent


def test_a_ledger_that_is_away_is_an_error_so_that_sns_tries_again(notified, monkeypatch):
    """A notice that is lost quietly is a budget without a switch."""
    monkeypatch.setenv("HOTLINE_LEDGER_TABLE", "not-there")

    with pytest.raises(LedgerUnavailableError, match="not-there"):
        notified(delivered())


def test_a_function_that_is_set_up_wrong_says_so(notified, monkeypatch):
    """The log of the alarm's function is where somebody looks."""
    monkeypatch.delenv("HOTLINE_TOPIC_ARN")

    with pytest.raises(SettingsError, match="HOTLINE_TOPIC_ARN"):
        notified(delivered())


def test_a_door_that_cannot_read_the_switch_opens_nothing(call, dynamodb, environment):
    """Not knowing whether the budget is spent is no reason to spend."""
    environment.setenv("HOTLINE_LEDGER_TABLE", "not-there")

    assert call("POST /sessions", body=WANTED)[0] == HTTPStatus.SERVICE_UNAVAILABLE
    assert items(dynamodb) == []


def test_no_log_names_the_account(notified, caplog):
    """Budgets writes it into every notice."""
    caplog.set_level(logging.DEBUG, logger="runtime")
    notified(delivered())

    told = "".join(str(vars(record)) for record in caplog.records)
    assert "$100.42" in told
    assert "111122223333" not in told


def test_the_switch_is_dated_by_dynamodbs_clock(dynamodb):
    """A person reads beside it when calls ended, which the ledger's clock says."""
    answers_at(dynamodb, 1_900_000_000)
    switch = BudgetSwitch(dynamodb, TABLE)
    notice = Notice.read(delivered()["Records"][0], topic_arn=TOPIC, budget=BUDGET)
    switch.close(notice)

    assert switch.state().closed_at == pytest.approx(1_900_000_000, abs=2)
