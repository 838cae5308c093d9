"""What a caller may do: open a session, look at it, end it, and see nobody else's."""

import logging
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass

from runtime.door.agentcore import AgentCore
from runtime.door.answers import Limits, SessionShown, SocketWay, WebRtcWay
from runtime.door.bodies import WEBSOCKET
from runtime.door.errors import (
    AgentCoreUnavailableError,
    SessionUnknownError,
)
from runtime.door.ledger import Ledger
from runtime.door.opening import Opening
from runtime.door.reaper import Reaper, counted
from runtime.door.relays import Relays
from runtime.door.session import Reason, Session, State
from runtime.metrics import MetricWriter
from runtime.settings.door import DoorSettings

logger = logging.getLogger(__name__)

_SESSION_ID = re.compile(r"hotline-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def new_session_id() -> str:
    """Return an id that nobody can guess."""
    return f"hotline-{uuid.uuid4()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What somebody else has decided about a session that is to be opened."""

    session_id: str
    call_seconds: int
    """Longest call."""


class Sessions:
    """The sessions of one stage, as their callers see them."""

    def __init__(
        self,
        settings: DoorSettings,
        *,
        ledger: Ledger,
        agentcore: AgentCore,
        reaper: Reaper,
        relays: Relays,
        metrics: MetricWriter,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._agentcore = agentcore
        self._reaper = reaper
        self._relays = relays
        self._metrics = metrics
        self._opening = Opening(ledger, agentcore, metrics)

    def open(self, owner: str, transport: str, terms: Terms | None = None) -> SocketWay | WebRtcWay:
        """Open a session for *owner*, wake its agent and return the way in.

        Its microVM starts now, so that it is up when the caller has made up their mind.

        Raises:
            BudgetSpentError: The month's budget is spent.
            ConcurrencyReachedError: Every place is taken.
            CallerLimitError: Every place of *owner*'s is.
            RelaysUnavailableError: There is no relay for its audio; the session is closed again.
            AgentCoreUnavailableError: Its agent does not wake; the session is closed again.
        """
        session_id = terms.session_id if terms else new_session_id()
        call_seconds = terms.call_seconds if terms else self._settings.call_seconds
        # Signing comes first: when it fails, no row was made.
        url = self._agentcore.way_in(session_id) if transport == WEBSOCKET else ""
        limits = Limits(call_seconds=call_seconds)
        self._take_place(session_id, owner, transport, call_seconds)
        with self._opening.abandoned_on_failure(session_id):
            if url:
                return self._wake(session_id, url, limits)
            return self._wake_with_relays(session_id, limits)

    def show(self, owner: str, session_id: str) -> SessionShown:
        """Describe the session as it is: one found dead is ended on the spot, not shown as alive.

        Raises:
            SessionUnknownError: *owner* has no such session.
        """
        session = self.find(owner, session_id)
        # When AgentCore cannot be told, the session stays as it is and the reaper tries again.
        with suppress(AgentCoreUnavailableError):
            if session.state is not State.CLOSED and (reason := self._reaper.settle(session)):
                self._metrics.write(counted(reason), session=session_id)
                session = self.find(owner, session_id)
        return self._described(session)

    def end(self, owner: str, session_id: str) -> SessionShown:
        """Hang up, as often as one likes, and return what the session was.

        The row closes first, so that the agent cannot mistake being stopped for a caller who left, and
        so that it hangs up at its next heartbeat even if AgentCore does not stop it.

        Raises:
            SessionUnknownError: *owner* has no such session.
        """
        self.find(owner, session_id)
        self._ledger.close(session_id, Reason.STOPPED, may_run=True)
        self._agentcore.stop(session_id)
        self._ledger.release(session_id)
        return self._described(self.find(owner, session_id))

    def find(self, owner: str, session_id: str) -> Session:
        """Return the session as the ledger has it.

        Raises:
            SessionUnknownError: *owner* has no such session.
        """
        session = self._ledger.get(session_id) if _SESSION_ID.fullmatch(session_id) else None
        # Another's session answers as one that never was, so that ids cannot be tried out.
        if session is None or session.owner != owner:
            raise SessionUnknownError("You have no session with this id; it may be older than 30 days.")
        return session

    def _take_place(self, session_id: str, owner: str, transport: str, call_seconds: int) -> None:
        with self._opening.refusals_counted():
            self._ledger.open(
                session_id,
                owner=owner,
                transport=transport,
                concurrency=self._settings.concurrency,
                per_caller=self._settings.sessions_per_caller,
                call_seconds=call_seconds,
            )

    def _wake(self, session_id: str, url: str, limits: Limits) -> SocketWay:
        self._opening.wake(session_id)
        return SocketWay(
            session_id=session_id,
            url=url,
            expires_in_seconds=self._settings.join_seconds,
            limits=limits,
        )

    def _wake_with_relays(self, session_id: str, limits: Limits) -> WebRtcWay:
        issue = self._relays.issue(session_id)
        self._opening.wake(session_id, ice_servers=issue.for_agent)
        return WebRtcWay(
            session_id=session_id,
            ice_servers=issue.for_caller,
            ice_transport_policy=self._settings.caller_policy,
            expires_in_seconds=min(self._settings.join_seconds, issue.lifetime_seconds),
            limits=limits,
        )

    def _described(self, session: Session) -> SessionShown:
        """Show what a caller may know: the fields of the answer, whatever else the ledger keeps."""
        figures = {name: getattr(session, name) for name in SessionShown.model_fields}
        for unset in ("joined_at", "heartbeat_at", "ended_at", "reason"):
            figures[unset] = figures[unset] or None
        if session.state is State.ACTIVE:
            figures["seconds"] = round(self._ledger.now() - session.joined_at, 3)
        return SessionShown(**figures)
