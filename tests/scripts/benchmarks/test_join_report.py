import io
import json

import pytest
from rich.console import Console

from scripts.benchmarks.join_report import AWAKE, WOKEN, JoinReport
from scripts.percentile import percentile


@pytest.fixture
def report():
    made = JoinReport(round_trip_ms=40)
    for number in range(1, 21):
        ours = {AWAKE: 100.0 + number, WOKEN: 2000.0}
        made.comparison.pairs.append((ours, {AWAKE: 1000.0, WOKEN: 3000.0}))
    return made


def test_percentiles_are_calls_that_were_made():
    """Twenty calls have one that is slower than 95 % of them, and no invented value between two."""
    calls = [float(number) for number in range(1, 21)]

    assert [percentile(calls, percent) for percent in (50, 95, 100)] == [10, 19, 20]


def test_the_report_says_whether_callers_wait_too_long(report):
    """A missed goal is seen without a look at the code."""
    assert "≤ 500, ≤ 800 met" in printed(report)

    report.comparison.pairs[0][0][AWAKE] = report.comparison.pairs[1][0][AWAKE] = 900.0
    assert "≤ 500, ≤ 800 missed" in printed(report)


def test_what_is_written_has_every_call_and_its_goals(report, tmp_path):
    """A figure in a document must be traceable to the calls behind it."""
    report.write(tmp_path / "join.json")

    written = json.loads((tmp_path / "join.json").read_text())
    assert written["percentiles"][AWAKE]["ours"] == {"p50": 110, "p95": 119}
    assert written["goals"] == {"p50_ms": 500, "p95_ms": 800, "ratio": 0.5}
    assert written["measures"][AWAKE]["ratio"] < written["goals"]["ratio"]
    assert len(written["pairs"]) == 20


def printed(report):
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(report.table())
    return console.export_text()
