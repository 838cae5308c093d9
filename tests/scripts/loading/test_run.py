"""A load run: calls begin when they are due, no more at once than allowed, and none takes another with it."""

import asyncio
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.calling.errors import NoAnswerError
from scripts.loading.leaks import Leak, left_behind
from scripts.loading.objectives import Objectives, judge
from scripts.loading.outcome import Outcome, Outcomes
from scripts.loading.plan import Plan
from scripts.loading.run import Run
from scripts.percentile import percentile


def conversation() -> Any:
    figures = SimpleNamespace(join_seconds=0.5, voice_to_voice_seconds=0.7, cost_usd=0.002)
    return SimpleNamespace(figures=figures)


class Calls:
    """Callers that talk until they are let go."""

    def __init__(self, at_once: int) -> None:
        self.placed = self.talking = self.most = self.hung_up = 0
        self.may_end = asyncio.Event()
        self.all_talk = asyncio.Event()
        self._at_once = at_once

    async def __call__(self) -> Any:
        self.placed += 1
        self.talking += 1
        self.most = max(self.most, self.talking)
        if self.talking == self._at_once:
            self.all_talk.set()
        try:
            await self.may_end.wait()
            await asyncio.sleep(0)
        finally:
            self.talking -= 1
            self.hung_up += 1
        return conversation()


def test_calls_begin_at_the_rate_once_the_ramp_is_climbed():
    starts = list(Plan(calls=20, at_once=5, rate=2, ramp_seconds=4).starts())

    # Half of what four seconds at the full rate would begin; then one every half second.
    assert sum(start < 4 for start in starts) == 4
    gaps = [round(later - earlier, 9) for earlier, later in pairwise(starts)]
    assert gaps[4:] == [0.5] * 15
    assert gaps == sorted(gaps, reverse=True), "the rate only climbs"


def test_without_a_ramp_the_first_call_is_due_at_once():
    assert list(Plan(calls=3, at_once=1, rate=4).starts()) == [0, 0.25, 0.5]


async def test_no_more_calls_are_in_progress_than_allowed():
    calls = Calls(3)
    finishing = asyncio.create_task(Run(Plan(calls=8, at_once=3, rate=1000), calls).finish())
    await calls.all_talk.wait()
    calls.may_end.set()
    outcomes = await finishing

    assert calls.most == 3
    assert sorted(one.number for one in outcomes.ended) == list(range(8))
    assert (outcomes.in_progress, outcomes.faults) == (0, {})


async def test_a_call_that_fails_is_counted_and_the_others_go_on():
    made = iter([conversation(), NoAnswerError("The agent said nothing."), conversation()])

    async def place() -> Any:
        one = next(made)
        if isinstance(one, Exception):
            raise one
        return one

    outcomes = await Run(Plan(calls=3, at_once=1, rate=1000), place).finish()

    assert outcomes.faults == {"NoAnswer": 1}
    assert outcomes.failed[0].detail == "The agent said nothing."
    assert outcomes.joins == [0.5, 0.5]


async def test_a_cancelled_run_hangs_up_on_every_call_in_progress():
    calls = Calls(4)
    finishing = asyncio.create_task(Run(Plan(calls=9, at_once=4, rate=1000), calls).finish())
    await calls.all_talk.wait()
    finishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await finishing

    assert (calls.placed, calls.hung_up) == (4, 4)


@pytest.mark.parametrize(("percent", "reached"), [(50, 2), (95, 4), (100, 4), (1, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, reached: float):
    assert percentile([3, 1, 4, 2], percent) == reached


def test_an_objective_that_nobody_could_measure_is_missed():
    failed = Outcomes([Outcome(number=0, due=0, began=0, ended=1, fault="Refused")])
    objectives = Objectives(join_p95_seconds=1, answer_p95_seconds=1, error_percent=100)

    verdicts = judge(objectives, failed, [])

    assert [one.met for one in verdicts] == [False, False, True]


def test_what_is_left_behind_misses_whatever_the_objectives_are():
    good = Outcomes([Outcome(number=0, due=0, began=0, ended=1, join=0.2, voice_to_voice=0.3)])
    objectives = Objectives(join_p95_seconds=1, answer_p95_seconds=1, error_percent=0)

    verdicts = judge(objectives, good, [Leak(what="agents", count=1), Leak(what="sessions", count=0)])

    assert [one.name for one in verdicts if not one.met] == ["Left behind: agents"]


async def test_it_waits_until_the_last_session_has_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scripts.loading.leaks.SETTLE_POLL_SECONDS", 0)
    counts = iter([{"agents": 3}, {"agents": 2}, {"agents": 1}])

    leaks = await left_behind(lambda: next(counts), {"agents": 1})

    assert leaks == [Leak(what="agents", count=0)]
