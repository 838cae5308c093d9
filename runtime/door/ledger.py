"""The session ledger: one DynamoDB row per call, shared by the door, its reaper and the agent.

Beside the rows, whose look is in `rows.py`, the table has the places that hold the caps (`places.py`).  A session
takes its place before its row is written and gives it back after its row is closed, so that at every moment the
reaper finds all that is not settled by going through the places: no scan, no index.
"""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from itertools import batched
from typing import Any

from runtime.clock import Clock
from runtime.door import rows
from runtime.door.budget import KEY as BUDGET_SWITCH
from runtime.door.budget import SwitchState
from runtime.door.errors import (
    LedgerUnavailableError,
    RowUnreadableError,
    SessionEndedError,
    SessionNotOpenError,
)
from runtime.door.places import Place, Places, caller_key, caller_of
from runtime.door.session import Figures, Reason, Session, State
from runtime.door.table import KEY, Attributes, Table

# Source: BatchGetItem, Amazon DynamoDB API Reference.
_BATCH_KEYS = 100

_REQUEST_BYTES = 8
"""Of the name of one request to join; two of one session never share it."""


class Ledger:
    """Moves sessions from state to state, and lets go of their places at the end.

    Args:
        client: botocore's DynamoDB client, which threads may share.
        table: Name of the ledger table.
        clock: The ledger's time; by default as *client* is told it.

    Every method raises `LedgerUnavailableError` when DynamoDB refuses or does not answer.
    """

    def __init__(self, client: Any, table: str, *, clock: Clock | None = None) -> None:
        self._table = Table(client, table, clock=clock)
        self._places = Places(self._table, life_seconds=rows.RETENTION_SECONDS)

    def now(self) -> float:
        """Return the time by which rows are written, and are to be judged (seconds since 1970)."""
        return self._table.now()

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
        row = rows.opened(place, self.now(), owner=owner, transport=transport, call_seconds=call_seconds)
        try:
            is_new = self._write(row)
        except LedgerUnavailableError:
            self._abandon(place)
            raise
        if not is_new:
            self._places.give_back(place)
            raise LedgerUnavailableError(f"Session id {session_id} is taken; choose another.")
        return Session.from_item(row)

    def join(self, session_id: str) -> Session:
        """Let the agent take the session: open becomes active, once.

        An answer of DynamoDB's that gets lost makes botocore ask again, of a session that is then joined by this
        very request.

        Raises:
            SessionNotOpenError: It is unknown, already joined or closed.
        """
        values = rows.joined(self.now(), by=secrets.token_hex(_REQUEST_BYTES))
        wanted = {**values, "open": {"S": State.OPEN}}
        request = self._table.updating(session_id, rows.setting(values), rows.JOINABLE, wanted)
        row = self._table.update(request)
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
        values = rows.alive(self.now(), figures, silent_seconds)
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
        update, values = rows.closed(self.now(), reason, figures)
        condition, more = rows.not_closed(seen)
        row = self._table.update(self._table.updating(session_id, update, condition, {**values, **more}))
        if row is None:
            if seen is None:
                self._add_figures(session_id, figures)
            return False
        if not may_run:
            self._places.give_back(rows.place_of(row))
        return True

    def release(self, session_id: str) -> None:
        """Give the place of a closed session back: its microVM runs no more."""
        row = self._table.get(session_id)
        if row.get("state") == {"S": State.CLOSED}:
            self._places.give_back(rows.place_of(row))

    def bury(self, place: Place) -> bool:
        """Close the session of a door that died while it opened one, and give its place back.

        Where another door has opened the session since, in a place of its own, there is a place to give back alone.

        Returns:
            Whether the session was dead.  The row that is written for it keeps a door that is only slow from opening
            the session without a place.
        """
        values = rows.buried(place, self.now())
        request = self._table.updating(place.session_id, rows.setting(values), rows.ABSENT, values)
        if not self._table.apply(request):
            if rows.place_of(self._table.get(place.session_id)) != place:
                self._places.give_back(place)
            return False
        self._places.give_back(place)
        return True

    def get(self, session_id: str) -> Session | None:
        """Return the session as it is now, or nothing."""
        row = self._table.get(session_id)
        return Session.from_item(row) if "state" in row else None

    def open_sessions(self) -> Iterator[Session]:
        """Go through every session that is not closed."""
        return (one for _, one in self.held() if isinstance(one, Session) and one.state is not State.CLOSED)

    def held(self) -> Iterator[tuple[Place, Session | RowUnreadableError | None]]:
        """Go through every place with the session that holds it; none where there is no row (yet), or not for it.

        A row that cannot be read keeps nobody from the others: agents write rows, and one may have been taken over.
        """
        for some in batched(self._places.taken(), _BATCH_KEYS):
            found = self._table.get_each([place.session_id for place in some])
            known = {row[KEY]["S"]: row for row in found}
            yield from ((place, rows.session_at(place, known.get(place.session_id))) for place in some)

    def _write(self, row: Attributes) -> bool:
        # An answer of DynamoDB's that gets lost makes botocore ask again, of a row that is then there.
        values = {name: row[name] for name in ("state", "place", "started_at")}
        return self._table.add(row, f"{rows.ABSENT} OR ({rows.SAME_OPENING})", values)

    def _abandon(self, place: Place) -> None:
        """Undo an opening whose row was written or was not: nobody knows."""
        with suppress(LedgerUnavailableError):  # then the reaper does it
            if not self.bury(place):
                self.close(place.session_id, Reason.NEVER_OPENED)

    def _add_figures(self, session_id: str, figures: Figures | None) -> None:
        if figures is None:
            known = self.get(session_id) is not None
        else:
            known = self._set(session_id, rows.used(figures), only_in=State.CLOSED) is not None
        if not known:
            raise SessionEndedError(f"There is no session {session_id} to close.")

    def _set(self, session_id: str, values: Attributes, *, only_in: State) -> dict[str, Any] | None:
        wanted = {**values, "only_in": {"S": only_in}}
        request = self._table.updating(session_id, rows.setting(values), "#state = :only_in", wanted)
        return self._table.update(request)
