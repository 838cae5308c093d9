"""How often a lost stream is replaced, and after which pause."""

import random
import time

CONNECT_ATTEMPTS = 3
BACKOFF_SECONDS = 0.25
"""Before the second attempt; doubled for each further one, plus up to as much again at random."""

STABLE_SECONDS = 10.0
"""A stream that lived this long counts as a success: the next one may fail as often again."""


class Attempts:
    """Counts the streams that failed in a row."""

    def __init__(self) -> None:
        self.failed = 0
        self._opened_at = 0.0

    @property
    def exhausted(self) -> bool:
        """Whether another stream is not worth trying."""
        return self.failed >= CONNECT_ATTEMPTS

    def begin(self) -> None:
        """Note that a stream is being opened, or took over."""
        self._opened_at = time.monotonic()

    def fail(self) -> None:
        """Note that it was lost."""
        if time.monotonic() - self._opened_at >= STABLE_SECONDS:
            self.failed = 0
        self.failed += 1

    def backoff_seconds(self) -> float:
        """Return how long to wait before the next one, after at least one failure."""
        least = float(BACKOFF_SECONDS * 2 ** (self.failed - 1))
        return least + random.uniform(0, least)  # noqa: S311  # jitter, no secret
