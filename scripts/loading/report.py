"""The finished run, as a terminal's table, a JSON object and a page with charts."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pygal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pygal.style import Style
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.loading.objectives import Verdict
from scripts.loading.outcome import Outcome, Outcomes
from scripts.loading.plan import Plan
from scripts.percentile import percentile

PERCENTILES = (50, 90, 95, 99, 100)
BARS = 24

# Grey on nothing, so that the charts can be read on white and on black.
_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#808080",
    foreground_strong="#808080",
    foreground_subtle="#80808040",
    guide_stroke_color="#80808040",
    major_guide_stroke_color="#80808080",
    colors=("#2f81f7", "#d29922"),
    font_family="system-ui, sans-serif",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that is worth keeping of a run."""

    stage: str
    transport: str
    said: str
    plan: Plan
    outcomes: Outcomes
    verdicts: Sequence[Verdict]
    emulated: str
    """What of the deployment is only emulated, in words; empty on AWS."""

    @property
    def met(self) -> bool:
        """Whether every objective was reached."""
        return all(one.met for one in self.verdicts)

    def print(self, console: Console) -> None:
        """Print figures, failures and objectives for a person."""
        console.print(_table("", [f"p{one}" for one in PERCENTILES], self._figures()))
        for kind, count in self.outcomes.faults.most_common():
            example = next(one.detail for one in self.outcomes.failed if one.fault == kind)
            console.print(f"[red]{count} {kind}[/red], such as: {escape(example)}", highlight=False)
        rows = [
            (one.name, [one.words, f"≤ {one.limit:g} {one.unit}".rstrip(), "met" if one.met else "missed"])
            for one in self.verdicts
        ]
        console.print(_table("Objective", ["reached", "limit", ""], rows))

    def write_json(self, path: Path) -> None:
        """Write every call, the percentiles and the objectives as one JSON object.

        Raises:
            OSError: The file cannot be written.
        """
        content = {
            "stage": self.stage,
            "transport": self.transport,
            "said": self.said,
            "emulated": self.emulated,
            "plan": asdict(self.plan),
            "met": self.met,
            "objectives": [{**asdict(one), "met": one.met} for one in self.verdicts],
            "percentiles_seconds": {
                name: dict(zip(PERCENTILES, row, strict=True)) for name, row in self._reached()
            },
            "most_at_once": self.outcomes.most_at_once,
            "cost_usd": round(self.outcomes.cost_usd, 6),
            "faults": dict(self.outcomes.faults),
            "calls": [asdict(one) for one in self._calls()],
        }
        path.write_text(json.dumps(content, indent=1) + "\n")

    def write_html(self, path: Path) -> None:
        """Write a page with charts, which loads nothing from anywhere.

        Raises:
            OSError: The file cannot be written.
        """
        pages = Environment(
            loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
        )
        page = pages.get_template("report.html").render(
            report=self,
            percentiles=PERCENTILES,
            figures=self._figures(),
            calls=self._calls(),
            charts=[_answers(self.outcomes), _histogram(self.outcomes.joins), _progress(self.outcomes)],
        )
        path.write_text(page)

    def _calls(self) -> list[Outcome]:
        return sorted(self.outcomes.ended, key=lambda one: one.number)

    def _reached(self) -> list[tuple[str, list[float | None]]]:
        named = (("join", self.outcomes.joins), ("voice_to_voice", self.outcomes.answers))
        return [
            (name, [percentile(values, one) if values else None for one in PERCENTILES])
            for name, values in named
        ]

    def _figures(self) -> list[tuple[str, list[str]]]:
        titles = {"join": "Join", "voice_to_voice": "Voice to voice"}
        return [
            (titles[name], ["-" if one is None else f"{one:.2f} s" for one in row])
            for name, row in self._reached()
        ]


def _table(corner: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column(corner)
    for column in columns:
        table.add_column(column, justify="right")
    for name, row in rows:
        table.add_row(name, *row)
    return table


def _answers(outcomes: Outcomes) -> str:
    chart = pygal.XY(
        title="Voice to voice by the moment the call began", stroke=False, **_axes("s into the run", "s")
    )
    chart.add(
        "Voice to voice", [(one.began, one.voice_to_voice) for one in outcomes.ended if one.voice_to_voice]
    )
    chart.add("Failed", [(one.began, 0) for one in outcomes.failed])
    return _svg(chart)


def _progress(outcomes: Outcomes) -> str:
    chart = pygal.XY(title="Calls in progress", show_dots=False, **_axes("s into the run", "calls"))
    steps, before = [], 0
    for moment, count in outcomes.progress():
        steps += [(moment, before), (moment, count)]
        before = count
    chart.add("In progress", steps)
    return _svg(chart)


def _histogram(joins: Sequence[float]) -> str:
    chart = pygal.Histogram(title="Join times", **_axes("s", "calls"))
    least, most = min(joins, default=0), max(joins, default=0)
    width = (most - least) / BARS or 0.1
    counts = [0] * BARS
    for one in joins:
        counts[min(BARS - 1, int((one - least) / width))] += 1
    chart.add(
        "Calls", [(count, least + at * width, least + (at + 1) * width) for at, count in enumerate(counts)]
    )
    return _svg(chart)


def _axes(x: str, y: str) -> dict[str, Any]:
    return {
        "x_title": x,
        "y_title": y,
        "style": _STYLE,
        "height": 320,
        "include_x_axis": True,
        "js": (),
        "show_legend": False,
        "disable_xml_declaration": True,
    }


def _svg(chart: Any) -> str:
    chart.add_xml_filter(_without_scripts)
    drawn: str = chart.render(is_unicode=True)
    return drawn


def _without_scripts(drawing: Any) -> Any:
    """Drop what pygal leaves for scripts that this page does not load, and its comments."""
    for parent in list(drawing.iter()):
        for one in [child for child in parent if callable(child.tag) or child.tag.endswith("script")]:
            parent.remove(one)
    return drawing
