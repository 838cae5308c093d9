"""Service level objectives of a load run: what it must reach to be called good."""

from collections.abc import Iterator
from dataclasses import dataclass

from scripts.loading.leaks import Leak
from scripts.loading.outcome import Outcomes
from scripts.percentile import percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """The limits, in the units of their names."""

    join_p95_seconds: float
    answer_p95_seconds: float
    error_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One objective, and what was reached."""

    name: str
    unit: str
    limit: float
    reached: float | None
    """None where no call came far enough to measure it."""

    @property
    def met(self) -> bool:
        """Whether it was reached; what nobody could measure was not."""
        return self.reached is not None and self.reached <= self.limit

    @property
    def words(self) -> str:
        """The figure, for a person."""
        return "not measured" if self.reached is None else f"{self.reached:.4g} {self.unit}".strip()


def judge(objectives: Objectives, outcomes: Outcomes, leaks: list[Leak]) -> list[Verdict]:
    """Hold the run against its objectives; nothing may be left behind, whatever they are."""
    return list(_verdicts(objectives, outcomes, leaks))


def _verdicts(objectives: Objectives, outcomes: Outcomes, leaks: list[Leak]) -> Iterator[Verdict]:
    for name, limit, values in (
        ("Join, 95th percentile", objectives.join_p95_seconds, outcomes.joins),
        ("Voice to voice, 95th percentile", objectives.answer_p95_seconds, outcomes.answers),
    ):
        yield Verdict(name=name, unit="s", limit=limit, reached=percentile(values, 95) if values else None)
    yield Verdict(
        name="Calls that failed", unit="%", limit=objectives.error_percent, reached=outcomes.error_percent
    )
    for leak in leaks:
        yield Verdict(name=f"Left behind: {leak.what}", unit="", limit=0, reached=leak.count)
