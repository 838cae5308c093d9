"""Ends the sessions that nobody else will end, so that none holds its place or costs money for ever."""

import logging
import time
from collections.abc import Callable

from runtime.door.agentcore import AgentCore
from runtime.door.errors import AgentCoreUnavailableError
from runtime.door.ledger import Ledger
from runtime.door.session import Reason, Session, State
from runtime.metrics import SESSIONS_ACTIVE, SESSIONS_REAPED, MetricWriter
from runtime.settings import DoorSettings

logger = logging.getLogger(__name__)

GRACE_SECONDS = 30
"""How much later than its limit a session is taken for dead.

A caller may connect in the last second of the way in and wait for a cold microVM (platform V2: 4.35 s
at the 99th percentile, V1 up to 30 s), and the agent says goodbye before it hangs up.
"""


class Reaper:
    """Compares every open session with the limits it must keep."""

    def __init__(
        self,
        settings: DoorSettings,
        *,
        ledger: Ledger,
        agentcore: AgentCore,
        metrics: MetricWriter,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._agentcore = agentcore
        self._metrics = metrics
        self._clock = clock

    def run(self) -> None:
        """Settle every open session once, and publish how many are left.

        Raises:
            AgentCoreUnavailableError: A session could not be stopped.  The others were settled first.
        """
        active = reaped = 0
        failed = None
        for session in self._ledger.open_sessions():
            try:
                ended = self.settle(session)
            except AgentCoreUnavailableError as fault:
                ended, failed = False, fault
            reaped += ended
            active += not ended
        self._metrics.write({SESSIONS_ACTIVE: active, SESSIONS_REAPED: reaped})
        if failed:
            raise failed

    def settle(self, session: Session) -> bool:
        """End *session* if it is dead or over its limit; say whether it was.

        Raises:
            AgentCoreUnavailableError: It could not be stopped and stays open, to be tried again.
        """
        reason = self._verdict(session)
        if reason is None:
            return False
        try:
            self._agentcore.stop(session.session_id)
        except AgentCoreUnavailableError:
            # AgentCore ends a session of this age itself, and a place must not be lost for ever.
            if not self._is_over(session):
                raise
        ended = self._ledger.close(session.session_id, reason)
        logger.warning("Session ended by the reaper", extra={"session": session.session_id, "reason": reason})
        return ended

    def _verdict(self, session: Session) -> Reason | None:
        if session.state is State.CLOSED:
            return None
        now = self._clock()
        if session.state is State.OPEN:
            waited = now - session.started_at
            never_joined = waited > self._settings.join_seconds + GRACE_SECONDS
            return Reason.NEVER_JOINED if never_joined else None
        if now - session.heartbeat_at > self._settings.heartbeat_lost_seconds:
            return Reason.AGENT_LOST
        return Reason.DURATION if self._is_over(session) else None

    def _is_over(self, session: Session) -> bool:
        began = session.joined_at or session.started_at
        return self._clock() - began > self._settings.call_seconds + GRACE_SECONDS
