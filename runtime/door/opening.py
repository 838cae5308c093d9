"""What opening a session takes, whoever calls: a place, an agent that wakes, and an end when one is not to be had."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from runtime.door.agentcore import AgentCore
from runtime.door.errors import (
    AgentCoreUnavailableError,
    BudgetSpentError,
    CallerLimitError,
    ConcurrencyReachedError,
    DoorError,
    LedgerUnavailableError,
    RelaysUnavailableError,
    ShareTakenError,
)
from runtime.door.ledger import Ledger
from runtime.door.session import Reason
from runtime.metrics import CALLERS_LIMITED, MILLISECONDS, SESSIONS_REFUSED, WAKE_TIME, MetricWriter

logger = logging.getLogger(__name__)


class Opening:
    """The steps of opening, each counted.

    Args:
        ledger: Where sessions are written down.
        agentcore: Wakes and stops agents.
        metrics: Counts who was refused, and how long agents take to wake.
    """

    def __init__(self, ledger: Ledger, agentcore: AgentCore, metrics: MetricWriter) -> None:
        self._ledger = ledger
        self._agentcore = agentcore
        self._metrics = metrics

    @contextmanager
    def refusals_counted(self) -> Iterator[None]:
        """Count whoever finds no place within the block."""
        try:
            yield
        except (ConcurrencyReachedError, ShareTakenError):
            self._metrics.write({SESSIONS_REFUSED: 1}, reason="concurrency")
            raise
        except BudgetSpentError:
            self._metrics.write({SESSIONS_REFUSED: 1}, reason="budget")
            raise
        except CallerLimitError:
            self._metrics.write({CALLERS_LIMITED: 1})
            raise

    @contextmanager
    def abandoned_on_failure(self, session_id: str) -> Iterator[None]:
        """End a session that cannot be opened to its end, and count one that can."""
        try:
            yield
        except DoorError as fault:
            self._abandon(session_id, fault)
            raise
        # A zero for each that was let in makes the average the share that was refused.
        self._metrics.write({SESSIONS_REFUSED: 0}, session=session_id)

    def wake(self, session_id: str, **more: Any) -> None:
        """Wake the agent of a session, and tell it *more*.

        Tell it the time as well: it writes to the ledger before DynamoDB has told it anything.

        Raises:
            AgentCoreUnavailableError: It does not wake.
        """
        asked = time.monotonic()
        self._agentcore.ask(session_id, {"action": "wake", "now": round(self._ledger.now(), 3), **more})
        waited = (time.monotonic() - asked) * MILLISECONDS
        self._metrics.write({WAKE_TIME: round(waited, 3)}, session=session_id)

    def _abandon(self, session_id: str, fault: DoorError) -> None:
        """End what was begun; what cannot be ended now, the reaper and AgentCore's own limits end."""
        reason = Reason.NO_RELAY if isinstance(fault, RelaysUnavailableError) else Reason.AGENT_ERROR
        with suppress(LedgerUnavailableError):
            self._ledger.close(session_id, reason, may_run=True)
        with suppress(LedgerUnavailableError, AgentCoreUnavailableError):
            self._agentcore.stop(session_id)
            self._ledger.release(session_id)
        logger.warning("Session abandoned", extra={"session": session_id, "reason": reason})
