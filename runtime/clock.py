"""The door's time, as a microVM knows it.

The ledger's rows are written by agents and judged by the door's reaper, which would take an agent whose clock
is minutes behind for lost.  A microVM is restored from a snapshot, so its wall clock need not be right at once.
"""

import math
import time
from typing import Any


class DoorClock:
    """Seconds since 1970: the door's at the wake, carried on by the monotonic clock of this machine."""

    def __init__(self) -> None:
        self._ahead: float | None = None  # of the monotonic clock; none at import or start, for the snapshot

    def set(self, now: Any) -> None:
        """Take over the time that the door told; anything else leaves the machine's own."""
        if isinstance(now, int | float) and math.isfinite(now) and now > 1:
            self._ahead = float(now) - time.monotonic()

    def __call__(self) -> float:
        """Return the time."""
        return time.time() if self._ahead is None else time.monotonic() + self._ahead
