"""For every test: one that hangs fails by itself, and the others go on; the longest begin first."""

import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.workers import Scheduling, turn_of, unknown

# Far above any test or fixture here on a busy machine: it ends what hangs, it does not judge what is slow.
LONGEST_SECONDS = 240


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if missing := unknown():
        raise pytest.UsageError(f"tests/workers.py names what is not there: {', '.join(missing)}")
    items.sort(key=lambda item: turn_of(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    with given_up_after(LONGEST_SECONDS, f"the fixtures of {item.nodeid} were"):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    with given_up_after(LONGEST_SECONDS, f"{item.nodeid} was"):
        return (yield)


@contextmanager
def given_up_after(seconds: int, what: str) -> Iterator[None]:
    def give_up(_signal: int, _frame: object) -> None:
        pytest.fail(f"{what} still running after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
