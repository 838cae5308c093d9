"""Figures of two contenders, measured in turns, and how they compare."""

import json
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing that is measured of both."""

    name: str
    unit: str
    goal: float | None = None
    """Largest ratio that we want; none where only the figures are of interest."""


@dataclass(slots=True, kw_only=True)
class Comparison:
    """Pairs of measurements: ours and theirs, taken right after each other.

    The ratio is the median of the pairs' ratios, so that a machine that is slow for a minute is slow
    for both.
    """

    ours: str
    theirs: str
    measures: Sequence[Measure]
    pairs: list[tuple[dict[str, float], dict[str, float]]] = field(default_factory=list)

    def run(
        self,
        pairs: int,
        measure_ours: Callable[[], dict[str, float]],
        measure_theirs: Callable[[], dict[str, float]],
        *,
        console: Console,
    ) -> None:
        """Measure *pairs* times, beginning with the other one each time; a first pair warms the caches."""
        for number in range(pairs + 1):
            if number % 2:
                ours, theirs = measure_ours(), measure_theirs()
            else:
                theirs, ours = measure_theirs(), measure_ours()
            if number:
                self.pairs.append((ours, theirs))
            console.print(
                f"pair {number} of {pairs}: {_short(ours)} against {_short(theirs)}", highlight=False
            )

    def ratio(self, name: str) -> float:
        """Return ours by theirs."""
        return statistics.median(ours[name] / theirs[name] for ours, theirs in self.pairs)

    def table(self) -> Table:
        """Return medians and ratios for a terminal."""
        table = Table(
            box=None,
            padding=(0, 2, 0, 0),
            title_justify="left",
            title=f"{self.ours} against {self.theirs}, medians of {len(self.pairs)} pairs",
        )
        for heading in ("", self.ours, self.theirs, "ratio", "goal"):
            table.add_column(heading, justify="left" if not heading else "right")
        for one in self.measures:
            ours, theirs = (self._median(side, one.name) for side in (0, 1))
            table.add_row(
                one.name,
                f"{ours:.2f} {one.unit}",
                f"{theirs:.2f} {one.unit}",
                f"{self.ratio(one.name):.2f}",
                _verdict(self.ratio(one.name), one.goal),
            )
        return table

    def write(self, path: Path) -> None:
        """Write every measurement, the medians, the ratios and the machine as one JSON object."""
        measures = {
            one.name: {
                "unit": one.unit,
                "ours": self._median(0, one.name),
                "theirs": self._median(1, one.name),
                "ratio": self.ratio(one.name),
                "goal": one.goal,
            }
            for one in self.measures
        }
        machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
        report = {"ours": self.ours, "theirs": self.theirs, "measures": measures, "pairs": self.pairs}
        path.write_text(json.dumps(report | {"measured_on": machine}, indent=2) + "\n")

    def _median(self, side: int, name: str) -> float:
        return statistics.median(pair[side][name] for pair in self.pairs)


def _short(figures: dict[str, float]) -> str:
    return ", ".join(f"{value:.2f}" for value in figures.values())


def _verdict(ratio: float, goal: float | None) -> str:
    if goal is None:
        return ""
    return f"≤ {goal} {'met' if ratio <= goal else 'missed'}"
