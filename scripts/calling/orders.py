"""What the demo's caller asks about, and what the right answer sounds like."""

import secrets
from dataclasses import dataclass
from typing import Any

from scripts.calling.errors import WrongAnswerError
from scripts.embedded.speech import spell
from scripts.embedded.speech.grammars import STATUS_PHRASES


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One row of the orders table."""

    number: str
    status: str

    @property
    def question(self) -> str:
        """What a caller says to hear about it."""
        return f"what is the status of my order number {spell(self.number)}"

    def check(self, heard: str) -> None:
        """Compare what was *heard* (lower case, digits as words) with the row.

        Raises:
            WrongAnswerError: The status is missing, or another one was said too.
        """
        said = {status for status, phrase in STATUS_PHRASES.items() if phrase in heard}
        if said != {self.status} or spell(self.number) not in heard:
            raise WrongAnswerError(
                f"Order {self.number} is {self.status!r} in the table, so the caller should have heard "
                f"'order {spell(self.number)} {STATUS_PHRASES[self.status]}', but understood {heard!r}."
            )


def pick_order(tables: Any, table: str) -> Order:
    """Return an order at random, read from the table that the agent's tool reads.

    Raises:
        WrongAnswerError: The table holds no order that can be asked for.
    """
    rows = tables.scan(TableName=table, ConsistentRead=True)["Items"]
    orders = [Order(number=row["order_number"]["S"], status=row["status"]["S"]) for row in rows]
    askable = [one for one in orders if one.status in STATUS_PHRASES]
    if not askable:
        raise WrongAnswerError(
            f"Table {table} holds no order with a status that can be recognised, so there is nothing to ask "
            "for; deploy the stage again to seed it."
        )
    return secrets.choice(askable)
