"""The switch that a spent budget throws: no new session is opened, and those that are open go on.

It is one item of the ledger's table.  What closes it is Budgets' notice that the month's budget is spent; what
opens it again is a person (`scripts/budget`), because only a person knows whether the spend was as it should be.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from runtime.clock import Clock
from runtime.door.errors import BudgetNoticeError, BudgetSpentError
from runtime.door.table import Table

KEY: Final = "budget-switch"
"""Of the item; no session id looks like it."""

# AWS documents no format; this is what Budgets sends by SNS, as published by several who handle it.
_FIELD: Final = re.compile(
    r"^(Budget Name|Budgeted Amount|Alert Type|ACTUAL Amount): *(.+?) *$", re.MULTILINE
)
_AMOUNT: Final = re.compile(r"\$[\d,]{1,16}(\.\d{1,6})?")
_LONGEST_NOTICE: Final = 8_192

_MOMENTS: Final = ("closed_at", "resumed_at")
_WORDS: Final = ("limit", "spent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Budgets' word that more than the budget has been spent."""

    told_at: float
    """When SNS got it, by SNS' clock."""
    limit: str
    spent: str

    @classmethod
    def read(cls, record: Mapping[str, Any], *, topic_arn: str, budget: str) -> Self:
        """Read what SNS delivered.

        Raises:
            BudgetNoticeError: It is not about *budget*, or did not come by the topic that only Budgets may
                publish to.
        """
        sns = record.get("Sns", {})
        if record.get("EventSource") != "aws:sns" or sns.get("TopicArn") != topic_arn:
            raise BudgetNoticeError("This did not come by the budget's own topic; nothing was closed.")
        fields = dict(_FIELD.findall(str(sns.get("Message", ""))[:_LONGEST_NOTICE]))
        if (fields.get("Budget Name"), fields.get("Alert Type")) != (budget, "ACTUAL"):
            raise BudgetNoticeError(
                f"This is no notice that budget {budget} is spent, so nothing was closed.  If AWS words its notices "
                "anew, close the door by hand (docs/runbooks/budget-switch-failing.md)."
            )
        return cls(
            told_at=datetime.fromisoformat(sns["Timestamp"]).timestamp(),
            limit=_amount(fields.get("Budgeted Amount", "")),
            spent=_amount(fields.get("ACTUAL Amount", "")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchState:
    """How the switch is, and since when; moments are Unix seconds, and 0 means never."""

    closed: bool = False
    closed_at: float = 0.0
    resumed_at: float = 0.0
    limit: str = ""
    """Of the budget, as the last notice said."""
    spent: str = ""

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Self:
        """Read the switch's item, which is empty before the first notice."""
        known: dict[str, Any] = {name: float(item[name]["N"]) for name in _MOMENTS if name in item}
        known |= {name: item[name]["S"] for name in _WORDS if name in item}
        return cls(closed=item.get("closed", {}).get("BOOL", False), **known)

    def check(self) -> None:
        """Let a session be opened.

        Raises:
            BudgetSpentError: The switch is closed.
        """
        if self.closed:
            raise BudgetSpentError(
                "The month's budget is spent, so no session is opened until somebody resumes the stage "
                "(scripts/budget); open ones go on."
            )


class BudgetSwitch:
    """The switch of one stage.

    Args:
        client: botocore's DynamoDB client, which threads may share.
        table: Name of the ledger table.
        clock: The ledger's time; by default as *client* is told it.

    Every method raises `LedgerUnavailableError` when DynamoDB refuses or does not answer.
    """

    def __init__(self, client: Any, table: str, *, clock: Clock | None = None) -> None:
        self._table = Table(client, table, clock=clock)

    def state(self) -> SwitchState:
        """Return how the switch is now."""
        return SwitchState.read(self._table.get(KEY))

    def close(self, notice: Notice) -> bool:
        """Refuse new sessions from now on; say whether *notice* is news.

        SNS delivers at least once, in any order, for weeks if it must.  A notice counts only if it is later
        than the last that counted, so none that comes again undoes what a person has resumed meanwhile.
        """
        request = self._table.updating(
            KEY,
            "SET #closed = :yes, #closed_at = :now, #told_at = :told_at, #limit = :limit, #spent = :spent",
            "attribute_not_exists(#told_at) OR #told_at < :told_at",
            {
                "yes": {"BOOL": True},
                "now": _moment(self._table.now()),
                "told_at": _moment(notice.told_at),
                "limit": {"S": notice.limit},
                "spent": {"S": notice.spent},
            },
        )
        return self._table.apply(request)

    def resume(self) -> bool:
        """Let sessions be opened again; say whether they could not."""
        request = self._table.updating(
            KEY,
            "SET #closed = :no, #resumed_at = :now",
            "#closed = :yes",
            {"no": {"BOOL": False}, "yes": {"BOOL": True}, "now": _moment(self._table.now())},
        )
        return self._table.apply(request)


def _amount(text: str) -> str:
    """Return an amount of money, and nothing else that somebody may have written there."""
    found = _AMOUNT.fullmatch(text)
    return found[0] if found else "an amount unknown"


def _moment(seconds: float) -> dict[str, str]:
    return {"N": f"{seconds:.3f}"}
