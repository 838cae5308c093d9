"""How long callers waited, in each way, and whether that is what was wanted."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Group
from rich.table import Table

from scripts.benchmarks.comparison import Comparison, Measure
from scripts.percentile import percentile

AWAKE = "awake before the click"
"""Hotline's agent and path stand, as the page has them; the examples' agent runs already, in its favour."""
WOKEN = "woken by the click"
"""Nothing stands: on both sides the agent's process starts after the click."""

P50_GOAL_MS, P95_GOAL_MS = 500.0, 800.0
RATIO_GOAL = 0.5

_MEASURES = (Measure(name=AWAKE, unit="ms", goal=RATIO_GOAL), Measure(name=WOKEN, unit="ms"))


@dataclass(slots=True, kw_only=True)
class JoinReport:
    """Every call, and what follows."""

    round_trip_ms: float
    unanswered: Counter[str] = field(default_factory=Counter)
    """Callers who heard nothing for half a minute and called again, by whom they called."""
    comparison: Comparison = field(
        default_factory=lambda: Comparison(ours="Hotline", theirs="the examples' way", measures=_MEASURES)
    )

    def table(self) -> Group:
        """Return percentiles and ratios, for a terminal."""
        table = Table(box=None, padding=(0, 2, 0, 0), title_justify="left", title=self._title)
        for heading in ("", "p50", "p95", "slowest", "goal"):
            table.add_column(heading, justify="left" if not heading else "right")
        for name in (AWAKE, WOKEN):
            for who, side in ((self.comparison.ours, 0), (self.comparison.theirs, 1)):
                waits = self._waits(side, name)
                p50, p95 = percentile(waits, 50), percentile(waits, 95)
                goal = _verdict(p50, p95) if (side, name) == (0, AWAKE) else ""
                table.add_row(f"{who}, {name}", f"{p50:.0f}", f"{p95:.0f}", f"{max(waits):.0f}", goal)
        unanswered = ", ".join(f"{count} of {whom}" for whom, count in self.unanswered.items()) or "none"
        return Group(table, "", self.comparison.table(), "", f"Calls that nobody answered: {unanswered}")

    def write(self, path: Path) -> None:
        """Write the comparison, and percentiles and goals beside it, as one JSON object."""
        self.comparison.write(path)
        report = json.loads(path.read_text())
        report["round_trip_ms"] = self.round_trip_ms
        report["goals"] = {"p50_ms": P50_GOAL_MS, "p95_ms": P95_GOAL_MS, "ratio": RATIO_GOAL}
        report["unanswered"] = dict(self.unanswered)
        report["percentiles"] = {
            name: {
                who: {f"p{percent}": percentile(self._waits(side, name), percent) for percent in (50, 95)}
                for side, who in enumerate(("ours", "theirs"))
            }
            for name in (AWAKE, WOKEN)
        }
        path.write_text(json.dumps(report, indent=2) + "\n")

    @property
    def _title(self) -> str:
        calls = len(self.comparison.pairs)
        return f"From pressing Call to the first word, in ms: {calls} calls each, {self.round_trip_ms:.0f} ms away"

    def _waits(self, side: int, name: str) -> list[float]:
        return [pair[side][name] for pair in self.comparison.pairs]


def _verdict(p50: float, p95: float) -> str:
    met = p50 <= P50_GOAL_MS and p95 <= P95_GOAL_MS
    return f"≤ {P50_GOAL_MS:.0f}, ≤ {P95_GOAL_MS:.0f} {'met' if met else 'missed'}"
