"""The ledger's last word on a call."""

import asyncio
import time

from runtime.door.ledger import Ledger
from runtime.door.session import Reason, Session, State
from scripts.calling.deployment import Deployment
from scripts.calling.errors import LostError, RefusedError

CLOSED_SECONDS = 10
"""Longest wait, after hanging up, for the agent to close the ledger row with its figures."""
CLOSED_POLL_SECONDS = 0.1

IN_ORDER = (Reason.HANG_UP, Reason.ESCALATED, Reason.CALLER_GONE)
"""How a call ends that nothing cut; the last is what a hang-up looks like to an agent that has lost the line."""


async def closed_row(deployment: Deployment, session_id: str) -> Session:
    """Return the ledger row once it is closed.

    Raises:
        LostError: The agent did not close it in time.
        RefusedError: There is none.
    """
    ledger = Ledger(deployment.tables(), deployment.outputs["LedgerTable"])
    deadline = time.monotonic() + CLOSED_SECONDS
    while time.monotonic() < deadline:
        row = await asyncio.to_thread(ledger.get, session_id)
        if row is None:
            raise RefusedError(
                f"The ledger has no row for session {session_id}, which the door opened a moment ago."
            )
        if row.state is State.CLOSED:
            return row
        await asyncio.sleep(CLOSED_POLL_SECONDS)
    raise LostError(
        f"The ledger row was still open {CLOSED_SECONDS} s after the caller hung up, so the agent "
        "did not end the call properly; its log says why.  The session is being stopped."
    )


def check_end(row: Session) -> None:
    """Make sure that the call was not cut.

    Raises:
        LostError: Something else than its two ends ended it.
    """
    if row.reason not in IN_ORDER:
        raise LostError(
            f"The call did not end because anybody hung up: the ledger says {row.reason!r}.  "
            "The agent's log has the rest."
        )
