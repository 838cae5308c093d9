"""Ratios are what our goals are about, so they must be right and fair."""

import json

from rich.console import Console

from scripts.benchmarks.comparison import Comparison, Measure


def comparison():
    return Comparison(
        ours="ours",
        theirs="theirs",
        measures=[Measure(name="start", unit="s", goal=0.5), Measure(name="memory", unit="MiB")],
    )


def figures(start, memory=1.0):
    return {"start": start, "memory": memory}


def test_a_slow_minute_counts_for_both():
    """The ratio is taken within each pair: a machine that slows down does not change it."""
    one = comparison()
    one.pairs = [(figures(1), figures(2)), (figures(10), figures(20)), (figures(100), figures(200))]

    assert one.ratio("start") == 0.5


def test_neither_always_goes_first():
    """Whoever goes second finds warm caches, so they take turns; the first pair only warms them."""
    one, order = comparison(), []

    def measured(who):
        order.append(who)
        return figures(len(order))

    one.run(2, lambda: measured("ours"), lambda: measured("theirs"), console=Console(quiet=True))

    assert order == ["theirs", "ours", "ours", "theirs", "theirs", "ours"]
    assert one.pairs == [(figures(3), figures(4)), (figures(6), figures(5))]


def test_a_missed_goal_is_said(capsys):
    """A table that hides a miss is worse than none."""
    one = comparison()
    one.pairs = [(figures(3), figures(4))]

    Console(width=120).print(one.table())

    said = capsys.readouterr().out
    assert "0.75" in said
    assert "≤ 0.5 missed" in said


def test_the_report_holds_every_measurement(tmp_path):
    """Whoever doubts a median can recompute it."""
    one = comparison()
    one.pairs = [(figures(1), figures(4)), (figures(3), figures(4))]

    one.write(tmp_path / "report.json")

    report = json.loads((tmp_path / "report.json").read_text())
    assert report["pairs"] == [[figures(1), figures(4)], [figures(3), figures(4)]]
    assert report["measures"]["start"] == {"unit": "s", "ours": 2, "theirs": 4, "ratio": 0.5, "goal": 0.5}
