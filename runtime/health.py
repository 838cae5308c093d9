"""What the agent tells AgentCore about itself when it is pinged."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Health:
    """Whether a call is on, and when something last happened in it.

    AgentCore ends a session that is idle, and reads idleness from `/ping`.  So the moment moves when
    somebody speaks and stands still otherwise: moved by every ping, it would keep an abandoned session
    alive for hours; never moved, it would end a call in the middle.

    Until something has happened it names no moment: AgentCore takes the snapshot after the first healthy
    ping, and what that said would be days old in each session that is restored from it.

    Sources: https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-long-run.html and
    https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-troubleshooting.html ("My idle
    sessions are not being released": the moment may be left out, and AgentCore keeps its own).
    """

    def __init__(self) -> None:
        self._calls = 0
        self._changed_at: float | None = None

    @contextmanager
    def call(self) -> Iterator[None]:
        """Count as busy while a call is on."""
        self._calls += 1
        self.touch()
        try:
            yield
        finally:
            self._calls -= 1
            self.touch()

    def touch(self) -> None:
        """Note that something happened just now."""
        self._changed_at = time.time()

    def to_json(self) -> dict[str, str | int]:
        """Return the body of a healthy `/ping`."""
        status = "HealthyBusy" if self._calls else "Healthy"
        if self._changed_at is None:
            return {"status": status}
        return {"status": status, "time_of_last_update": int(self._changed_at)}
