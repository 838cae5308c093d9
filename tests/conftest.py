"""For every test: one that hangs fails by itself, and the others go on."""

import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

# Far above any test or fixture here on a busy machine: it ends what hangs, it does not judge what is slow.
LONGEST_SECONDS = 240


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
