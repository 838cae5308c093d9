"""What is counted in a call and published of it."""

from runtime.door.session import Reason
from runtime.metrics import (
    COST_PER_ACTIVE_MINUTE,
    ESCALATIONS,
    FAILED_CALLS,
    INTERRUPTIONS,
    MODEL_RECONNECTS,
    SESSION_COST,
    SESSION_DURATION,
    MetricWriter,
)

SECONDS_IN_A_MINUTE = 60


class Tally:
    """The counts of one call.

    Args:
        session_id: Whose.
        metrics: Publishes them.
    """

    def __init__(self, session_id: str, metrics: MetricWriter) -> None:
        self._session_id = session_id
        self._metrics = metrics
        self._handed_over = False
        self.interruptions = 0
        """Answers that the caller talked over."""
        self.reconnects = 0
        """Streams to the model beyond the first."""

    def hand_over(self) -> None:
        """Publish, once, that the caller was handed over: an agent that dies later has done it all the same."""
        if not self._handed_over:
            self._handed_over = True
            self._metrics.write({ESCALATIONS: 1}, session_id=self._session_id)

    def close(self, reason: Reason, *, seconds: float, cost_usd: float) -> None:
        """Publish the rest of a call that lasted so long, cost so much and ended for *reason*."""
        not_handed_over = {} if self._handed_over else {ESCALATIONS: 0}
        self._metrics.write(
            {
                SESSION_DURATION: round(seconds, 3),
                FAILED_CALLS: int(reason.is_failure),
                **not_handed_over,
                SESSION_COST: round(cost_usd, 6),
                COST_PER_ACTIVE_MINUTE: round(cost_usd * SECONDS_IN_A_MINUTE / seconds, 6),
                INTERRUPTIONS: self.interruptions,
                MODEL_RECONNECTS: self.reconnects,
            },
            session_id=self._session_id,
            reason=reason,
        )
