"""The page of a load run is complete in itself, and what callers or servers said cannot become part of it."""

import json
import re
from pathlib import Path

import pytest

from scripts.loading.objectives import Objectives, judge
from scripts.loading.outcome import Outcome, Outcomes
from scripts.loading.plan import Plan
from scripts.loading.report import Report


@pytest.fixture
def report() -> Report:
    outcomes = Outcomes(
        [
            Outcome(number=1, due=1, began=1, ended=9, join=0.4, voice_to_voice=0.8, cost_usd=0.002),
            Outcome(number=0, due=0, began=0, ended=8, join=0.6, voice_to_voice=0.7, cost_usd=0.003),
            Outcome(number=2, due=2, began=2.5, ended=3, fault="Refused", detail="<script>alert(1)</script>"),
        ]
    )
    objectives = Objectives(join_p95_seconds=1, answer_p95_seconds=0.75, error_percent=0)
    return Report(
        stage="embedded",
        transport="websocket",
        said="Where is my order?",
        plan=Plan(calls=3, at_once=2, rate=1),
        outcomes=outcomes,
        verdicts=judge(objectives, outcomes, []),
        emulated="Bedrock.",
    )


def test_the_page_asks_nobody_for_anything(report: Report, tmp_path: Path):
    report.write_html(tmp_path / "load.html")
    page = (tmp_path / "load.html").read_text()

    assert not re.search(r"<script|<link|@import|url\(|\ssrc=", page)
    # Namespaces of SVG are names, not addresses that anybody opens.
    assert set(re.findall(r"https?://[^\s\"']+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_the_page_says_which_objectives_were_missed(report: Report, tmp_path: Path):
    report.write_html(tmp_path / "load.html")
    page = (tmp_path / "load.html").read_text()

    assert page.count('class="missed">missed') == 2
    assert page.count("<svg") == 3
    assert "Emulated:" in page


def test_the_json_holds_every_call_in_order(report: Report, tmp_path: Path):
    report.write_json(tmp_path / "load.json")
    content = json.loads((tmp_path / "load.json").read_text())

    assert [one["number"] for one in content["calls"]] == [0, 1, 2]
    assert content["percentiles_seconds"]["join"] == {"50": 0.4, "90": 0.6, "95": 0.6, "99": 0.6, "100": 0.6}
    assert content["most_at_once"] == 3
    assert content["faults"] == {"Refused": 1}
    assert content["cost_usd"] == 0.005
    assert content["met"] is False
