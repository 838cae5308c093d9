"""When the calls of a load run begin, and how many may be in progress."""

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """So many calls, begun at a rate that climbs to its height and stays there."""

    calls: int
    at_once: int
    """Calls in progress at the most; one that would be too many begins when another has ended."""
    rate: float
    """Calls begun per second, once the ramp is climbed."""
    ramp_seconds: float = 0
    """How long the rate takes to climb from nothing."""

    def starts(self) -> Iterator[float]:
        """Say when each call is due, in seconds after the first moment."""
        on_ramp = self.rate * self.ramp_seconds / 2
        for number in range(self.calls):
            if number < on_ramp:  # the area under a line that climbs: rate * t² / (2 * ramp)
                yield math.sqrt(2 * number * self.ramp_seconds / self.rate)
            else:
                yield self.ramp_seconds + (number - on_ramp) / self.rate
