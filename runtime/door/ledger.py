"""The session ledger: one DynamoDB row per call, shared by the door, its reaper and the agent.

Beside the rows the table has the places that hold the caps (`places.py`).  A session takes its place before
its row is written and gives it back after its row is closed, so that at every moment the reaper finds all
that is not settled by going through the places: no scan, no index.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import batched
from typing import Any

from runtime.door.budget import KEY as BUDGET_SWITCH
from runtime.door.budget import SwitchState
from runtime.door.errors import LedgerUnavailableError, SessionEndedError, SessionNotOpenError
from runtime.door.places import Place, Places, caller_key, caller_of
from runtime.door.session import Figures, Reason, Session, State
from runtime.door.table import KEY, Attributes, Table

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
        self._places = Places(self._table, life_seconds=RETENTION_SECONDS, clock=clock)
        self._clock = clock

    def open(
        self,
        session_id: str,
        *,
        owner: str,
        transport: str,
        concurrency: int,
        per_caller: int,
        call_seconds: int = 0,
    ) -> Session:
        """Write a new session, unless *concurrency* are open already, or *per_caller* of this owner.

        Its call may last *call_seconds*; 0 is as long as the stage lets any.

        Raises:
            BudgetSpentError: The month's budget is spent; nothing was written.
            CallerLimitError: The owner's cap is reached; nothing was written.
            ConcurrencyReachedError: The stage's cap is reached; nothing was written.
        """
        caller = caller_of(owner)
        # In one request, and here, so that no way of opening a session passes the budget's switch by.
        known = {item[KEY]["S"]: item for item in self._table.get_each((BUDGET_SWITCH, caller_key(caller)))}
        SwitchState.read(known.get(BUDGET_SWITCH, {})).check()
        place = self._places.take(
            session_id,
            caller=caller,
            known=known.get(caller_key(caller), {}),
            concurrency=concurrency,
            per_caller=per_caller,
        )
        try:
            row = self._write(place, owner, transport, call_seconds)
        except LedgerUnavailableError:
            self._abandon(place)
            raise
        if row is None:
            self._places.give_back(place)
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

    def heartbeat(
        self, session_id: str, figures: Figures | None = None, *, silent_seconds: float = 0.0
    ) -> None:
        """Report that the call is alive, what it has used so far, and for how long nobody has spoken.

        Raises:
            SessionEndedError: The session is closed, so the agent must hang up.
        """
        values = {
            "heartbeat_at": _moment(self._clock()),
            "silent_seconds": {"N": f"{silent_seconds:.1f}"},
            **_attributes(figures),
        }
        if self._set(session_id, values, only_in=State.ACTIVE) is None:
            raise SessionEndedError(f"Session {session_id} is not active any more; hang up.")

    def close(
        self,
        session_id: str,
        reason: Reason,
        figures: Figures | None = None,
        *,
        seen: Session | None = None,
        may_run: bool = False,
    ) -> bool:
        """End a session and give its place back; the first reason wins.

        Args:
            session_id: Which.
            reason: Why.
            figures: What it used, if that is known.
            seen: Close it only if it is still as it was when it was judged: nobody has joined since, and no
                heartbeat has come.
            may_run: Its microVM may still run, so it keeps its place until `release`.

        Returns:
            Whether this call ended it.  Of a session that had ended before, only *figures* are
            written: the agent knows them best, whoever closed first.

        Raises:
            SessionEndedError: There is no such session.
        """
        row = self._table.update(self._closing(session_id, reason, figures, seen))
        if row is None:
            if seen is None:
                self._add_figures(session_id, figures)
            return False
        if not may_run:
            self._give_back(row)
        return True

    def release(self, session_id: str) -> None:
        """Give the place of a closed session back: its microVM runs no more."""
        row = self._table.get(session_id)
        if row.get("state") == {"S": State.CLOSED}:
            self._give_back(row)

    def bury(self, place: Place) -> bool:
        """Close the session of a door that died while it opened one, and give its place back.

        Returns:
            Whether it was dead.  The row that is written for it keeps a door that is only slow from opening
            the session without a place.
        """
        now = _moment(self._clock())
        values: Attributes = {
            **_first_values(place, owner="", transport="", started_at=float(place.taken_at)),
            "state": {"S": State.CLOSED},
            "reason": {"S": Reason.NEVER_OPENED},
            "ended_at": now,
            "seconds": {"N": "0"},
            "expires_at": self._expiry(),
        }
        absent = f"attribute_not_exists({KEY})"
        buried = self._table.update(self._table.updating(place.session_id, _setting(values), absent, values))
        if buried is None:
            return False
        self._places.give_back(place)
        return True

    def get(self, session_id: str) -> Session | None:
        """Return the session as it is now, or nothing."""
        row = self._table.get(session_id)
        return Session.from_item(row) if "state" in row else None

    def open_sessions(self) -> Iterator[Session]:
        """Go through every session that is not closed."""
        return (one for _, one in self.held() if one and one.state is not State.CLOSED)

    def held(self) -> Iterator[tuple[Place, Session | None]]:
        """Go through every place with the session that holds it; none where its row is not there (yet)."""
        for some in batched(self._places.taken(), _BATCH_KEYS):
            ids = [place.session_id for place in some]
            found = {row[KEY]["S"]: Session.from_item(row) for row in self._table.get_each(ids)}
            yield from ((place, found.get(place.session_id)) for place in some)

    def _write(self, place: Place, owner: str, transport: str, call_seconds: int) -> Attributes | None:
        now = self._clock()
        row: Attributes = {
            KEY: {"S": place.session_id},
            **_first_values(place, owner=owner, transport=transport, started_at=now),
            "state": {"S": State.OPEN},
            "expires_at": self._expiry(),
            **({"call_seconds": {"N": str(call_seconds)}} if call_seconds else {}),
        }
        # An answer of DynamoDB's that gets lost makes botocore ask again, of a row that is then there.
        mine = "#state = :state AND #place = :place AND #started_at = :started_at"
        values = {name: row[name] for name in ("state", "place", "started_at")}
        is_new = self._table.add(row, f"attribute_not_exists({KEY}) OR ({mine})", values)
        return row if is_new else None

    def _abandon(self, place: Place) -> None:
        """Undo an opening whose row was written or was not: nobody knows."""
        with suppress(LedgerUnavailableError):  # then the reaper does it
            if not self.bury(place):
                self.close(place.session_id, Reason.NEVER_OPENED)

    def _give_back(self, row: Attributes) -> None:
        entry, shard_key = row["place"]["S"].rsplit(" ", 1)
        self._places.give_back(Place.read(entry, shard_key))

    def _expiry(self) -> dict[str, str]:
        return {"N": str(int(self._clock()) + RETENTION_SECONDS)}

    def _closing(
        self, session_id: str, reason: Reason, figures: Figures | None, seen: Session | None
    ) -> dict[str, Any]:
        values: Attributes = {
            "state": {"S": State.CLOSED},
            "reason": {"S": reason},
            "ended_at": _moment(self._clock()),
            **_attributes(figures),
        }
        # A session that nobody joined lasted no time at all.
        update = f"{_setting(values)}, #seconds = :ended_at - if_not_exists(#joined_at, :ended_at)"
        condition = f"attribute_exists({KEY}) AND #state <> :state"
        if seen is not None:
            condition = "#state = :seen_state"
            values = {**values, "seen_state": {"S": seen.state}}
            if seen.heartbeat_at:
                condition += " AND #heartbeat_at = :seen_heartbeat_at"
                values = {**values, "seen_heartbeat_at": _moment(seen.heartbeat_at)}
        return self._table.updating(session_id, update, condition, values)

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


def _first_values(place: Place, *, owner: str, transport: str, started_at: float) -> Attributes:
    return {
        "owner": {"S": owner},
        "transport": {"S": transport},
        "started_at": _moment(started_at),
        "place": {"S": f"{place.entry} {place.shard_key}"},
    }


def _setting(values: Attributes) -> str:
    return "SET " + ", ".join(f"#{name} = :{name}" for name in values)


def _attributes(figures: Figures | None) -> Attributes:
    return figures.to_item() if figures else {}


def _moment(seconds: float) -> dict[str, str]:
    """Write a moment to the millisecond, so that the length of a call can be had from two."""
    return {"N": f"{seconds:.3f}"}
