"""A share of the stage's places: how many sessions of one sort there may be at once.

One item of the ledger's table holds the sessions of the sort.  Nobody takes them out when they end: whoever
finds the item full looks which of them are over, so that no program's death can leave a place taken, and
whoever ends a session needs to know nothing of what sort it was.
"""

from collections.abc import Iterable, Mapping
from itertools import batched
from typing import Any, Final

from runtime.clock import Clock
from runtime.door.entries import Entries, entries_of
from runtime.door.errors import ShareTakenError
from runtime.door.session import State
from runtime.door.table import KEY, Table

# Source: BatchGetItem, Amazon DynamoDB API Reference.
_BATCH_KEYS: Final = 100

# A place is taken just before its session is written, by a function that lives 25 s at most.
_WRITTEN_WITHIN_SECONDS: Final = 30

# AgentCore ends every session within 8 hours; an item that nobody has added to for so long holds none.
_FORGOTTEN_AFTER_SECONDS: Final = 24 * 3600


class Share:
    """The places of one sort.

    Args:
        client: botocore's DynamoDB client, which threads may share.
        table: Name of the ledger table.
        key: Of the item; no session id looks like it.
        most: How many there may be at once.
        clock: The ledger's time; by default as *client* is told it.

    Every method raises `LedgerUnavailableError` when DynamoDB refuses or does not answer.
    """

    def __init__(self, client: Any, table: str, *, key: str, most: int, clock: Clock | None = None) -> None:
        self._table = Table(client, table, clock=clock)
        self._entries = Entries(self._table)
        self._key = key
        self._most = most

    def take(self, session_id: str) -> None:
        """Take a place for a session that is about to be written, and whose id is new.

        Raises:
            ShareTakenError: There is none.
        """
        entry = f"{session_id} {int(self._table.now())}"
        if not (self._add(entry) or (self._forget_the_ended() and self._add(entry))):
            raise ShareTakenError(
                f"All {self._most} places that there are for callers like you are taken.  Try again when a call "
                "has ended."
            )

    def give_back(self, session_id: str) -> None:
        """Free the place of a session that was not opened after all."""
        self._drop(one for one in self._taken() if one.startswith(f"{session_id} "))

    def _add(self, entry: str) -> bool:
        until = int(self._table.now()) + _FORGOTTEN_AFTER_SECONDS
        return self._entries.add(self._key, entry, most=self._most, expires_at=until)

    def _drop(self, entries: Iterable[str]) -> bool:
        """Take *entries* out, and say whether there were any."""
        gone = set(entries)
        if gone:
            self._entries.drop(self._key, gone)
        return bool(gone)

    def _taken(self) -> set[str]:
        return entries_of(self._table.get(self._key))

    def _forget_the_ended(self) -> bool:
        entries = self._taken()
        states: dict[str, str] = {}
        for some in batched((one.split(" ")[0] for one in entries), _BATCH_KEYS):
            states |= {row[KEY]["S"]: _state(row) for row in self._table.get_each(some)}
        return self._drop(one for one in entries if self._is_over(one, states))

    def _is_over(self, entry: str, states: dict[str, str]) -> bool:
        session_id, taken_at = entry.split(" ")
        if session_id in states:
            return states[session_id] == State.CLOSED
        return self._table.now() - int(taken_at) > _WRITTEN_WITHIN_SECONDS


def _state(row: Mapping[str, Any]) -> str:
    """Return how far a session has come; one that nobody can tell of is not over, and holds up no other."""
    return str(row.get("state", {}).get("S", ""))
