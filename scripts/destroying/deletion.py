"""Deletes one stack, and shows what goes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile

from botocore.exceptions import ClientError

from scripts.deploying.stacks import StackName
from scripts.destroying.deployer import FAILED, GONE, Deployer, Event
from scripts.destroying.telling import Telling

_WORDS = {GONE: "gone", FAILED: "not deleted", "DELETE_SKIPPED": "kept on purpose"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a stack: nothing in *faults*, and it is gone."""

    stack: StackName
    faults: tuple[str, ...] = ()


class Deletion:
    """Takes stacks away one at a time.

    Args:
        deployer: Reaches CloudFormation.
        telling: Told what happens.
        pause: Waits between two questions.
    """

    def __init__(self, deployer: Deployer, telling: Telling, pause: Callable[[], None]) -> None:
        self._deployer = deployer
        self._telling = telling
        self._pause = pause

    def run(self, stack: StackName) -> Outcome:
        """Delete *stack*, whatever state it is in; one that is not there is no fault."""
        try:
            return self._run(stack)
        except ClientError as fault:
            error = fault.response["Error"]
            return Outcome(stack, (f"CloudFormation refused: {error.get('Message') or error.get('Code')}",))

    def _run(self, stack: StackName) -> Outcome:
        found = self._deployer.find(stack.name, stack.region)
        if found is None:
            return Outcome(stack)
        stack_id = found["StackId"]
        seen = {one.event_id for one in self._deployer.events(stack_id, stack.region)}
        self._telling.line(f"{stack.name}: deleting")
        self._deployer.delete(stack)
        told: list[Event] = []
        while True:
            now = self._deployer.find(stack_id, stack.region)
            told += self._tell_new(stack, stack_id, seen)
            if now is None or now["StackStatus"] == GONE:
                self._telling.line(f"{stack.name}: gone")
                return Outcome(stack)
            if any(_is_the_end(one, stack) for one in told):
                return Outcome(stack, _reasons(told, stack))
            self._pause()

    def _tell_new(self, stack: StackName, stack_id: str, seen: set[str]) -> list[Event]:
        """Say what happened since the last time, oldest first, and remember it."""
        events = self._deployer.events(stack_id, stack.region)
        new = list(takewhile(lambda one: one.event_id not in seen, events))
        for one in reversed(new):
            seen.add(one.event_id)
            if one.resource != stack.name and one.status in _WORDS:
                tell = self._telling.glance if one.status == GONE else self._telling.line
                tell(f"{stack.name}: {one.kind} {one.resource} {_WORDS[one.status]}")
        return new


def _is_the_end(event: Event, stack: StackName) -> bool:
    """Say whether CloudFormation has stopped trying.

    Not by the stack's state: that may have been DELETE_FAILED before, and is as it was once CloudFormation cancels
    because another stack still uses an export.
    """
    return event.resource == stack.name and not event.status.endswith("_IN_PROGRESS")


def _reasons(told: Iterable[Event], stack: StackName) -> tuple[str, ...]:
    failed = [one for one in told if one.status == FAILED and one.resource != stack.name]
    ends = [one for one in told if _is_the_end(one, stack)]
    return tuple(f"{one.kind} {one.resource}: {one.reason or one.status}" for one in failed or ends)
