"""The session ledger: one DynamoDB row per call, shared by the door, its reaper and the agent.

One further item, keyed `open-sessions`, holds the set of ids that are not closed.  A session enters
and leaves that set in the transaction that writes its row, so the set is at once the count that holds
the concurrency cap, the list that the reaper walks (no scan, no index), and proof against counting one
ending twice: taking an id out of a set a second time changes nothing.
"""

import time
from collections.abc import Callable, Iterator
from itertools import batched
from typing import Any

from runtime.door.errors import (
    ConcurrencyReachedError,
    LedgerUnavailableError,
    SessionEndedError,
    SessionNotOpenError,
)
from runtime.door.session import Figures, Reason, Session, State
from runtime.door.table import KEY, Attributes, Table

OPEN_SESSIONS = "open-sessions"
"""Key of the item with the ids of every open session; no session id looks like it."""

RETENTION_SECONDS = 30 * 24 * 3600
"""Life of a row: long enough to explain a month's bill, short for a record of who called."""

# Source: BatchGetItem, Amazon DynamoDB API Reference.
_BATCH_KEYS = 100


class Ledger:
    """Reads and writes sessions.

    Args:
        client: boto3's low-level DynamoDB client, which threads may share.
        table: Name of the ledger table.
        clock: Seconds since 1970.

    Every method raises `LedgerUnavailableError` when DynamoDB refuses or does not answer.
    """

    def __init__(self, client: Any, table: str, *, clock: Callable[[], float] = time.time) -> None:
        self._table = Table(client, table)
        self._clock = clock

    def open(self, session_id: str, *, owner: str, transport: str, concurrency: int) -> Session:
        """Write a new session, unless *concurrency* sessions are open already.

        Raises:
            ConcurrencyReachedError: The cap is reached; nothing was written.
        """
        now = self._clock()
        row: Attributes = {
            KEY: {"S": session_id},
            "owner": {"S": owner},
            "transport": {"S": transport},
            "state": {"S": State.OPEN},
            "started_at": _moment(now),
            "expires_at": {"N": str(int(now) + RETENTION_SECONDS)},
        }
        has_place, is_new = self._table.transact(
            {"Update": self._take_place(session_id, concurrency)}, {"Put": self._table.putting(row)}
        )
        if not has_place:
            raise ConcurrencyReachedError(
                f"All {concurrency} sessions that this deployment allows at once are open, so none was "
                "added.  Try again when a call has ended, or raise the stage's concurrency."
            )
        if not is_new:
            raise LedgerUnavailableError(f"Session id {session_id} is taken; choose another.")
        return Session.from_item(row)

    def join(self, session_id: str) -> Session:
        """Let the agent take the session: open becomes active, once.

        Raises:
            SessionNotOpenError: It is unknown, already joined or closed.
        """
        now = _moment(self._clock())
        values: Attributes = {"state": {"S": State.ACTIVE}, "joined_at": now, "heartbeat_at": now}
        row = self._set(session_id, values, only_in=State.OPEN)
        if row is None:
            raise SessionNotOpenError(
                f"Session {session_id} is not waiting to be joined: it is unknown, already joined or "
                "closed.  Ask the door for a new session."
            )
        return Session.from_item(row)

    def heartbeat(self, session_id: str, figures: Figures | None = None) -> None:
        """Report that the call is alive, and what it has used so far.

        Raises:
            SessionEndedError: The session is closed, so the agent must hang up.
        """
        values = {"heartbeat_at": _moment(self._clock()), **_attributes(figures)}
        if self._set(session_id, values, only_in=State.ACTIVE) is None:
            raise SessionEndedError(f"Session {session_id} is not active any more; hang up.")

    def close(self, session_id: str, reason: Reason, figures: Figures | None = None) -> bool:
        """End a session and give its place back; the first reason wins.

        Returns:
            Whether this call ended it.  Of a session that had ended before, only *figures* are
            written: the agent knows them best, whoever closed first.

        Raises:
            SessionEndedError: There is no such session.
        """
        _, was_open = self._table.transact(
            {"Update": self._give_place_back(session_id)},
            {"Update": self._closing(session_id, reason, figures)},
        )
        if not was_open:
            self._add_figures(session_id, figures)
        return was_open

    def get(self, session_id: str) -> Session | None:
        """Return the session as it is now, or nothing."""
        row = self._table.get(session_id)
        return Session.from_item(row) if row and session_id != OPEN_SESSIONS else None

    def open_sessions(self) -> Iterator[Session]:
        """Go through every session that is not closed.

        An id whose row somebody deleted by hand gives its place back on the way.
        """
        places = self._table.get(OPEN_SESSIONS).get("session_ids", {}).get("SS", [])
        for some in batched(sorted(places), _BATCH_KEYS):
            found = {row[KEY]["S"]: Session.from_item(row) for row in self._table.get_each(some)}
            # One may have closed since its place was read.
            yield from (session for session in found.values() if session.state is not State.CLOSED)
            for orphan in set(some) - found.keys():
                self._table.update(self._give_place_back(orphan))

    def _take_place(self, session_id: str, concurrency: int) -> dict[str, Any]:
        return self._table.updating(
            OPEN_SESSIONS,
            "ADD #session_ids :one",
            "attribute_not_exists(#session_ids) OR size(#session_ids) < :concurrency",
            {"one": {"SS": [session_id]}, "concurrency": {"N": str(concurrency)}},
        )

    def _give_place_back(self, session_id: str) -> dict[str, Any]:
        return self._table.updating(
            OPEN_SESSIONS, "DELETE #session_ids :one", "", {"one": {"SS": [session_id]}}
        )

    def _closing(self, session_id: str, reason: Reason, figures: Figures | None) -> dict[str, Any]:
        values: Attributes = {
            "state": {"S": State.CLOSED},
            "reason": {"S": reason},
            "ended_at": _moment(self._clock()),
            **_attributes(figures),
        }
        return self._table.updating(
            session_id,
            # A session that nobody joined lasted no time at all.
            f"{_setting(values)}, #seconds = :ended_at - if_not_exists(#joined_at, :ended_at)",
            f"attribute_exists({KEY}) AND #state <> :state",
            values,
        )

    def _add_figures(self, session_id: str, figures: Figures | None) -> None:
        if figures is None:
            known = self.get(session_id) is not None
        else:
            known = self._set(session_id, _attributes(figures), only_in=State.CLOSED) is not None
        if not known:
            raise SessionEndedError(f"There is no session {session_id} to close.")

    def _set(self, session_id: str, values: Attributes, *, only_in: State) -> dict[str, Any] | None:
        request = self._table.updating(
            session_id, _setting(values), "#state = :only_in", {**values, "only_in": {"S": only_in}}
        )
        return self._table.update(request)


def _setting(values: Attributes) -> str:
    return "SET " + ", ".join(f"#{name} = :{name}" for name in values)


def _attributes(figures: Figures | None) -> Attributes:
    return figures.to_item() if figures else {}


def _moment(seconds: float) -> dict[str, str]:
    """Write a moment to the millisecond, so that the length of a call can be had from two."""
    return {"N": f"{seconds:.3f}"}
