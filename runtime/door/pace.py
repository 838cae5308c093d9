"""How fast one caller may begin something, whatever their calls do afterwards.

Caps bound what is open at once; somebody who opens and hangs up in a loop stays below them and starts a
microVM each time.  A caller's item in the ledger's table holds one moment: when the last thing they began
would be due, had they kept an even pace.  Running ahead of it by less than a minute is a burst that passes.

Source: the generic cell rate algorithm, ITU-T I.371: a token bucket in one number and one conditional write.
"""

import math
from typing import Any

from runtime.clock import Clock
from runtime.door.errors import TooManyBegunError
from runtime.door.table import Table

PREFIX = "pace-of-"
"""Begins the key of a caller's item; no session id looks like it."""

_MINUTE_SECONDS = 60

# An item that says no more than its absence goes by itself; DynamoDB takes up to two days for it.
_FORGOTTEN_AFTER_SECONDS = 3_600


class Pace:
    """Lets each caller begin *most* things at once, and as many again with every minute.

    Args:
        client: botocore's DynamoDB client, which threads may share.
        table: Name of the ledger table.
        what: What is begun, in the plural.
        most: How many in a minute.
        clock: The ledger's time; by default as *client* is told it.
    """

    def __init__(self, client: Any, table: str, *, what: str, most: int, clock: Clock | None = None) -> None:
        self._table = Table(client, table, clock=clock)
        self._what = what
        self._most = most
        self._interval = _MINUTE_SECONDS / most

    def keep(self, caller: str) -> None:
        """Count one more that *caller* begins.

        Raises:
            TooManyBegunError: It would be one too many.
            LedgerUnavailableError: DynamoDB refused or did not answer.
        """
        key = f"{PREFIX}{self._what}-{caller}"
        # One moment for both: what is due between two readings of the clock would be neither.
        now = self._table.now()
        if not (self._start(key, now) or self._go_on(key, now)):
            wait = math.ceil(self._interval)
            raise TooManyBegunError(
                f"You may begin {self._most} {self._what} in a minute.  Try again in {wait} s.",
                retry_seconds=wait,
            )

    def _start(self, key: str, now: float) -> bool:
        """Count the first after a rest, which is all that most callers ever do."""
        return self._set(
            key,
            now,
            "#due = :next",
            "attribute_not_exists(#due) OR #due <= :now",
            {"next": _number(now + self._interval)},
        )

    def _go_on(self, key: str, now: float) -> bool:
        """Count one that follows too soon for an even pace, while the burst lasts."""
        latest = _MINUTE_SECONDS - self._interval
        return self._set(
            key,
            now,
            "#due = #due + :interval",
            "#due > :now AND #due <= :latest",
            {"latest": _number(now + latest), "interval": _number(self._interval)},
        )

    def _set(
        self,
        key: str,
        now: float,
        setting: str,
        condition: str,
        values: dict[str, dict[str, str]],
    ) -> bool:
        forgotten = {"N": str(int(now) + _FORGOTTEN_AFTER_SECONDS)}
        request = self._table.updating(
            key,
            f"SET {setting}, #expires_at = :forgotten",
            condition,
            {"now": _number(now), "forgotten": forgotten, **values},
        )
        return self._table.apply(request)


def _number(seconds: float) -> dict[str, str]:
    return {"N": f"{seconds:.3f}"}
