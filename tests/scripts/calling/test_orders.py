"""The judge of a rehearsal: it must pass what is right, and nothing else."""

import pytest

from scripts.calling.errors import WrongAnswerError
from scripts.calling.orders import Order

ORDER = Order(number="427", status="waiting for payment")


def test_the_right_status_passes():
    """Whatever else the agent says around it."""
    ORDER.check("hello order four two seven is waiting for payment is there anything else")


@pytest.mark.parametrize(
    "heard",
    [
        "order four two seven has shipped",
        "order four two seven has shipped order four two seven is waiting for payment",
        "order four two eight is waiting for payment",
        "i could not find order four two seven",
        "",
    ],
)
def test_anything_else_fails(heard):
    """A rehearsal that lets a wrong answer pass proves nothing."""
    with pytest.raises(WrongAnswerError, match="'waiting for payment' in the table"):
        ORDER.check(heard)
