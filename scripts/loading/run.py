"""Place the calls of a plan."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from runtime.errors import HotlineError
from scripts.calling.caller import Conversation
from scripts.calling.errors import CallError
from scripts.loading.outcome import Outcome, Outcomes
from scripts.loading.plan import Plan

type Place = Callable[[], Awaitable[Conversation]]


class Run:
    """Calls as planned, each on its own, whatever becomes of the others.

    Args:
        plan: How many, and when.
        place: Begins one call.
        clock: Monotonic seconds.
    """

    def __init__(self, plan: Plan, place: Place, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._plan = plan
        self._place = place
        self._clock = clock
        self._places = asyncio.Semaphore(plan.at_once)
        self.outcomes = Outcomes()

    async def finish(self) -> Outcomes:
        """Place every call and wait for the last; cancelled, it hangs up on those in progress."""
        began = self._clock()
        async with asyncio.TaskGroup() as calls:
            for number, due in enumerate(self._plan.starts()):
                await asyncio.sleep(max(0.0, due - (self._clock() - began)))
                await self._places.acquire()
                calls.create_task(self._call(number, due, began))
        return self.outcomes

    async def _call(self, number: int, due: float, began: float) -> None:
        started = self._clock() - began
        self.outcomes.in_progress += 1
        try:
            outcome = await self._outcome(number, due, started, began)
        finally:
            self.outcomes.in_progress -= 1
            self._places.release()
        self.outcomes.ended.append(outcome)

    async def _outcome(self, number: int, due: float, started: float, began: float) -> Outcome:
        try:
            figures = (await self._place()).figures
        except (CallError, HotlineError) as fault:
            ended = self._clock() - began
            kind = type(fault).__name__.removesuffix("Error")
            return Outcome(number=number, due=due, began=started, ended=ended, fault=kind, detail=str(fault))
        return Outcome(
            number=number,
            due=due,
            began=started,
            ended=self._clock() - began,
            join=figures.join_seconds,
            voice_to_voice=figures.voice_to_voice_seconds,
            cost_usd=figures.cost_usd,
        )
