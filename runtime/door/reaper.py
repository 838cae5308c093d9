"""Ends the sessions that nobody else will end, so that none holds its place or costs money for ever."""

import logging

from runtime.door.agentcore import AgentCore
from runtime.door.errors import AgentCoreUnavailableError, DoorError, RowUnreadableError
from runtime.door.ledger import Ledger
from runtime.door.places import Place
from runtime.door.session import Reason, Session, State
from runtime.metrics import SESSIONS_ACTIVE, SESSIONS_OVERDUE, SESSIONS_REAPED, Metric, MetricWriter
from runtime.settings.door import DoorSettings

logger = logging.getLogger(__name__)

GRACE_SECONDS = 30
"""How much later than its limit a session is taken for dead.

A caller may connect in the last second of the way in and wait for a cold microVM (platform V2: 4.35 s
at the 99th percentile, V1 up to 30 s), and the agent says goodbye before it hangs up.  No request to the
door takes longer either (API Gateway gives up after 30 s), so a place without a row as old as this is a
dead door's.
"""

GRACE_USD = 0.02
"""How much more than its limit a session costs before it is taken for one that ignores it.

A goodbye is twenty seconds of speech at most (US$0.006 at list price), after one more reading of what was said.
"""


def counted(*ended: Reason) -> dict[Metric, float]:
    """Count sessions that the reaper ended, for whatever reasons.

    A caller who does not come is no fault of ours, and what ends for any other reason was somebody else's to end.
    """
    overdue = [one for one in ended if one is not Reason.NEVER_JOINED]
    return {SESSIONS_REAPED: len(ended), SESSIONS_OVERDUE: len(overdue)}


class Reaper:
    """Compares every session that has a place with the limits it must keep, by the ledger's own time."""

    def __init__(
        self,
        settings: DoorSettings,
        *,
        ledger: Ledger,
        agentcore: AgentCore,
        metrics: MetricWriter,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._agentcore = agentcore
        self._metrics = metrics

    def run(self) -> int:
        """Settle every place once; publish, and return, how many sessions are left.

        Raises:
            DoorError: One could not be settled.  The others were first.
        """
        active, ended, failed = 0, [], None
        for place, session in self._ledger.held():
            reason = None
            try:
                reason = self._settle_place(place, session)
            except DoorError as fault:
                failed = fault
            if reason:
                ended.append(reason)
            elif session and not (isinstance(session, Session) and session.state is State.CLOSED):
                active += 1
        self._metrics.write({SESSIONS_ACTIVE: active, **counted(*ended)})
        if failed:
            raise failed
        return active

    def settle(self, session: Session) -> Reason | None:
        """End *session* if it is dead or over its limit; say why, or nothing if this did not end it.

        The row closes first, and only if nothing has happened since it was read: a caller who joins in
        this moment keeps the call.  The place goes last, because it keeps the session on the reaper's list
        until its microVM is stopped.

        Raises:
            AgentCoreUnavailableError: Its microVM could not be stopped; that is tried again.
        """
        reason = self._verdict(session)
        if reason is None:
            return None
        if session.state is not State.CLOSED:
            if not self._ledger.close(session.session_id, reason, seen=session, may_run=True):
                return None
            logger.warning(
                "Session ended by the reaper", extra={"session": session.session_id, "reason": reason}
            )
        try:
            self._agentcore.stop(session.session_id)
        except AgentCoreUnavailableError:
            # AgentCore has ended a session of this age itself, and a place must not be lost for ever.
            if not self._is_gone(session):
                raise
        self._ledger.release(session.session_id)
        return reason

    def _settle_place(self, place: Place, session: Session | RowUnreadableError | None) -> Reason | None:
        if isinstance(session, RowUnreadableError):
            raise session
        return self.settle(session) if session else self._bury(place)

    def _bury(self, place: Place) -> Reason | None:
        if self._ledger.now() - place.taken_at <= GRACE_SECONDS or not self._ledger.bury(place):
            return None
        logger.warning(
            "Session ended by the reaper",
            extra={"session": place.session_id, "reason": Reason.NEVER_OPENED},
        )
        return Reason.NEVER_OPENED

    def _verdict(self, session: Session) -> Reason | None:
        now = self._ledger.now()
        match session.state:
            case State.CLOSED:
                # Whoever closed it is about to stop it, or died on the way.
                return _known(session.reason) if now - session.ended_at > GRACE_SECONDS else None
            case State.OPEN:
                waited = now - session.started_at
                return Reason.NEVER_JOINED if waited > self._settings.join_seconds + GRACE_SECONDS else None
            case _:
                return self._verdict_on_call(session, now)

    def _verdict_on_call(self, session: Session, now: float) -> Reason | None:
        if now - session.heartbeat_at > self._settings.heartbeat_lost_seconds:
            return Reason.AGENT_LOST
        if session.silent_seconds > self._settings.idle_seconds + GRACE_SECONDS:
            return Reason.IDLE
        if session.cost_usd > self._settings.call_cost_usd + GRACE_USD:
            return Reason.COST
        longest = session.call_seconds or self._settings.call_seconds
        over = now - session.joined_at > longest + GRACE_SECONDS
        return Reason.DURATION if over else None

    def _is_gone(self, session: Session) -> bool:
        """Say whether AgentCore has ended the microVM by now, also one that started at the last moment."""
        latest = session.started_at + self._settings.join_seconds + self._settings.lifetime_seconds
        return self._ledger.now() > latest + GRACE_SECONDS


def _known(reason: str) -> Reason:
    """Read why a session ended; an agent of another version than this door's may know more reasons."""
    return Reason(reason) if reason in Reason else Reason.STOPPED
