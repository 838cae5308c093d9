from http import HTTPStatus

import pytest

from runtime.door import errors
from runtime.door.errors import DoorError
from runtime.door.http import _STATUS

NOT_FOR_CALLERS = {
    DoorError,  # the base
    errors.TokenRefusedError,  # the authorizer says no, and API Gateway answers
    errors.SessionNotOpenError,  # the agent hears these two
    errors.SessionEndedError,
    errors.BudgetNoticeError,  # the budget's own function raises it
}


def all_of(kind: type[DoorError]) -> set[type[DoorError]]:
    return {kind}.union(*(all_of(one) for one in kind.__subclasses__()))


@pytest.mark.parametrize("kind", sorted(all_of(DoorError) - NOT_FOR_CALLERS, key=lambda one: one.__name__))
def test_every_refusal_has_a_status(kind):
    """One that was forgotten would be a crash, and page somebody."""
    assert _STATUS[kind] >= HTTPStatus.BAD_REQUEST
