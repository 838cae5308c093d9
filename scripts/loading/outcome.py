"""What became of the calls of a load run."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One call: what it measured, or why it failed.  All times in seconds."""

    number: int
    due: float
    """After the first moment of the run."""
    began: float
    """Later than due where as many calls as allowed were in progress."""
    ended: float
    join: float | None = None
    voice_to_voice: float | None = None
    cost_usd: float = 0.0
    fault: str = ""
    """Which kind of failure, by the name of its error; empty where the call went well."""
    detail: str = ""


@dataclass(slots=True)
class Outcomes:
    """All calls that have ended."""

    ended: list[Outcome] = field(default_factory=list)
    in_progress: int = 0

    @property
    def failed(self) -> list[Outcome]:
        """Those that did not go well."""
        return [one for one in self.ended if one.fault]

    @property
    def faults(self) -> Counter[str]:
        """How often each kind of failure occurred."""
        return Counter(one.fault for one in self.failed)

    @property
    def error_percent(self) -> float:
        """Share of calls that failed."""
        return 100 * len(self.failed) / len(self.ended) if self.ended else 0.0

    @property
    def joins(self) -> list[float]:
        """Join times of the calls that have one."""
        return _present(one.join for one in self.ended)

    @property
    def answers(self) -> list[float]:
        """Voice-to-voice times of the calls that have one."""
        return _present(one.voice_to_voice for one in self.ended)

    @property
    def cost_usd(self) -> float:
        """What the model cost, at list price."""
        return math.fsum(one.cost_usd for one in self.ended)

    @property
    def most_at_once(self) -> int:
        """Calls in progress at the busiest moment."""
        return max((count for _, count in self.progress()), default=0)

    def progress(self) -> list[tuple[float, int]]:
        """Return how many calls were in progress, at each moment when that changed."""
        changes = sorted([(one.began, 1) for one in self.ended] + [(one.ended, -1) for one in self.ended])
        curve, count = [], 0
        for moment, change in changes:
            count += change
            curve.append((moment, count))
        return curve


def _present(values: Iterable[float | None]) -> list[float]:
    return [one for one in values if one is not None]
