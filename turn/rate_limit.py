"""A rate that is never exceeded, whichever second one looks at."""

from collections import deque


class RateLimit:
    """Gives out times at which something may be done, at most *count* of them within any *seconds*.

    A bucket of *count* tokens that fills at *count* per second would let nearly twice as many through in
    one second: a full bucket, and what has dripped in meanwhile.  This one remembers the last *count*
    times instead, so a burst passes at once and the next waits until the first of it is a second old.

    Args:
        count: How many are allowed.
        seconds: Within how long.
    """

    def __init__(self, count: int, seconds: float) -> None:
        self._seconds = seconds
        self._given: deque[float] = deque(maxlen=count)
        self._not_before = 0.0

    def next_at(self, now: float) -> float:
        """Return the next time that would be given out."""
        earliest = max(now, self._not_before)
        if len(self._given) < (self._given.maxlen or 0):
            return earliest
        return max(earliest, self._given[0] + self._seconds)

    def take(self, now: float) -> float:
        """Give out the next time; wait until then."""
        at = self.next_at(now)
        self._given.append(at)
        return at

    def give_back(self, at: float, *, not_before: float) -> None:
        """Take back the time *at*, which was refused and so not counted, and pause until *not_before*."""
        if at in self._given:
            self._given.remove(at)
        self._not_before = max(self._not_before, not_before)
