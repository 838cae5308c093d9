import logging
from http import HTTPStatus

import pytest

from runtime.door import errors
from runtime.door.errors import DoorError
from runtime.door.http import _STATUS
from runtime.door.refusals import refusal

NOT_FOR_CALLERS = {
    DoorError,  # the base
    errors.TokenRefusedError,  # the authorizer says no, and API Gateway answers
    errors.SessionNotOpenError,  # the agent hears these two
    errors.SessionEndedError,
    errors.BudgetNoticeError,  # the budget's own function raises it
    errors.RowUnreadableError,  # the reaper raises it, for its alarm
}


def all_of(kind: type[DoorError]) -> set[type[DoorError]]:
    return {kind}.union(*(all_of(one) for one in kind.__subclasses__()))


@pytest.mark.parametrize("kind", sorted(all_of(DoorError) - NOT_FOR_CALLERS, key=lambda one: one.__name__))
def test_every_refusal_has_a_status(kind):
    """One that was forgotten would be a crash, and page somebody."""
    assert _STATUS[kind] >= HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("fault", [errors.SessionEndedError("The row is gone."), KeyError("sub")])
def test_what_no_caller_should_hear_of_is_an_answer_all_the_same(fault, caplog):
    """A row that goes between two looks must not end in a traceback that API Gateway words for us."""
    response = refusal(fault, "request-1", logging.getLogger("runtime.door"), "Request refused")

    assert response["statusCode"] == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "not your fault" in response["body"]
    assert caplog.records[0].fault == type(fault).__name__
