"""Percentiles that were really measured."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of *values* that *percent* percent of them do not exceed.

    Raises:
        IndexError: There are no values.
    """
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]
