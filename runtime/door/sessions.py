"""What a caller may do: open a session, look at it, end it, and see nobody else's."""

import re
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from runtime.door.agentcore import AgentCore
from runtime.door.errors import AgentCoreUnavailableError, ConcurrencyReachedError, SessionUnknownError
from runtime.door.ledger import Ledger
from runtime.door.reaper import Reaper
from runtime.door.session import Reason, Session, State
from runtime.metrics import SESSIONS_REAPED, SESSIONS_REFUSED, MetricWriter
from runtime.settings import DoorSettings

_SESSION_ID = re.compile(r"hotline-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Sessions:
    """The sessions of one stage, as their callers see them."""

    def __init__(
        self,
        settings: DoorSettings,
        *,
        ledger: Ledger,
        agentcore: AgentCore,
        reaper: Reaper,
        metrics: MetricWriter,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._agentcore = agentcore
        self._reaper = reaper
        self._metrics = metrics
        self._clock = clock

    def open(self, owner: str, transport: str) -> dict[str, Any]:
        """Open a session for *owner* and return the way in.

        Raises:
            ConcurrencyReachedError: Every place is taken.
        """
        session_id = f"hotline-{uuid.uuid4()}"
        # Signing comes first: when it fails, no row was made.
        url = self._agentcore.way_in(session_id)
        try:
            self._ledger.open(
                session_id, owner=owner, transport=transport, concurrency=self._settings.concurrency
            )
        except ConcurrencyReachedError:
            self._metrics.write({SESSIONS_REFUSED: 1})
            raise
        # A zero for each that was let in makes the average the share that was refused.
        self._metrics.write({SESSIONS_REFUSED: 0}, session=session_id)
        return {
            "session_id": session_id,
            "url": url,
            "expires_in_seconds": self._settings.join_seconds,
            "limits": {"call_seconds": self._settings.call_seconds},
        }

    def show(self, owner: str, session_id: str) -> dict[str, Any]:
        """Describe the session as it is: one found dead is ended on the spot, not shown as alive.

        Raises:
            SessionUnknownError: *owner* has no such session.
        """
        session = self._of(owner, session_id)
        # When AgentCore cannot be told, the session stays as it is and the reaper tries again.
        with suppress(AgentCoreUnavailableError):
            if self._reaper.settle(session):
                self._metrics.write({SESSIONS_REAPED: 1}, session=session_id)
                session = self._of(owner, session_id)
        return self._described(session)

    def end(self, owner: str, session_id: str) -> dict[str, Any]:
        """Hang up, as often as one likes, and return what the session was.

        The row closes first, so that the agent cannot mistake being stopped for a caller who left, and
        so that it hangs up at its next heartbeat even if AgentCore does not stop it.

        Raises:
            SessionUnknownError: *owner* has no such session.
        """
        self._of(owner, session_id)
        self._ledger.close(session_id, Reason.STOPPED)
        self._agentcore.stop(session_id)
        return self._described(self._of(owner, session_id))

    def _of(self, owner: str, session_id: str) -> Session:
        session = self._ledger.get(session_id) if _SESSION_ID.fullmatch(session_id) else None
        # Another's session answers as one that never was, so that ids cannot be tried out.
        if session is None or session.owner != owner:
            raise SessionUnknownError("You have no session with this id; it may be older than 30 days.")
        return session

    def _described(self, session: Session) -> dict[str, Any]:
        described = {name: value or None for name, value in asdict(session).items() if name != "owner"}
        for figure in ("cost_usd", "seconds", *(name for name in described if name.endswith("_tokens"))):
            described[figure] = getattr(session, figure)
        if session.state is State.ACTIVE:
            described["seconds"] = round(self._clock() - session.joined_at, 3)
        return described
