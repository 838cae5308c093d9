"""What the agent tells AgentCore about itself when it is pinged."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Health:
    """Whether a call is on, and when something last happened in it.

    AgentCore ends a session that is idle, and reads idleness from `/ping`.  So the moment moves when
    somebody speaks and stands still otherwise: moved by every ping, it would keep an abandoned session
    alive for hours; never moved, it would end a call in the middle.

    Source: https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-long-run.html
    """

    def __init__(self) -> None:
        self._calls = 0
        self._changed_at = 0.0  # no clock at import or start: a snapshot would freeze it

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
        if not self._changed_at:
            self.touch()
        return {
            "status": "HealthyBusy" if self._calls else "Healthy",
            "time_of_last_update": int(self._changed_at),
        }
