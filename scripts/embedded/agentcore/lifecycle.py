"""When AgentCore ends a session: its two timers, and what an agent's `/ping` does to them.

The sources conflict about `HealthyBusy` without `time_of_last_update`; the strictest reading is taken
(it keeps nothing alive), because an agent that passes here passes under every other.

Source: AWS "Handle asynchronous and long-running agents" and "Configure lifecycle settings".
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

POLL_SECONDS = 2.0
"""How often the platform asks `/ping`. Source: measured by others on a live runtime (docs/fidelity.md)."""

_BUSY = "HealthyBusy"


class Ending(StrEnum):
    """Why a session ended."""

    IDLE = "idle"
    LIFETIME = "maximum lifetime"
    STOPPED = "stopped"
    CRASHED = "agent process ended"
    CLOSED = "data plane closed"


@dataclass(slots=True, kw_only=True)
class Lifecycle:
    """The timers of one session. All times are Unix seconds.

    Attributes:
        started_at: When the agent was first healthy.
        idle_seconds: Inactivity after which the session ends.
        lifetime_seconds: Longest life, whatever happens.
        active_at: Last activity that counts.
    """

    started_at: float
    idle_seconds: int
    lifetime_seconds: int
    active_at: float

    def touch(self, now: float) -> None:
        """Note a request or a frame."""
        self.active_at = max(self.active_at, now)

    def hear(self, ping: Any, now: float) -> None:
        """Take in the body of a `/ping` answer: only a busy agent's own time of activity counts."""
        if not isinstance(ping, dict) or ping.get("status") != _BUSY:
            return
        updated_at = ping.get("time_of_last_update")
        if isinstance(updated_at, int | float) and updated_at <= now:
            self.touch(updated_at)
        elif isinstance(updated_at, int | float):
            self.touch(now)

    def ending(self, now: float) -> Ending | None:
        """Say whether the session is over, and why."""
        if now - self.started_at >= self.lifetime_seconds:
            return Ending.LIFETIME
        if now - self.active_at >= self.idle_seconds:
            return Ending.IDLE
        return None
