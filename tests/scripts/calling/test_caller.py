"""A caller whose call fails says what failed first, and has asked the door to end the session all the same."""

import contextlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from runtime.door.errors import LedgerUnavailableError
from runtime.door.session import Reason
from scripts.calling.caller import Caller
from scripts.calling.door import Invitation
from scripts.calling.errors import LostError, RefusedError
from scripts.calling.utterance import Utterance


class GoneDoor:
    """Opens a session, and is away afterwards."""

    def __init__(self) -> None:
        self.asked_to_end: list[str] = []

    def open(self, _transport: str) -> Invitation:
        return Invitation(session_id="hotline-1", url="ws://gone")

    def end(self, session_id: str) -> None:
        self.asked_to_end.append(session_id)
        raise RefusedError("The door does not answer.")

    def close(self) -> None:
        pass


async def test_the_line_is_blamed_and_not_the_door(monkeypatch: pytest.MonkeyPatch):
    """When a whole deployment vanishes in mid-call, hanging up fails as well; that is not the news."""

    @contextlib.asynccontextmanager
    async def lost(*_: Any) -> AsyncIterator[None]:
        raise LostError("The call ended early.")
        yield

    door = GoneDoor()
    monkeypatch.setattr("scripts.calling.websocket_line.open_line", lost)
    caller = Caller(SimpleNamespace(door=lambda: door))

    with pytest.raises(LostError):
        await caller.call(Utterance(b""), said="")

    assert door.asked_to_end == ["hotline-1"]


@pytest.fixture
def conversed(monkeypatch: pytest.MonkeyPatch):
    """Return what makes callers have heard an answer, on a line that was lost or not."""

    def make(lost: str) -> None:
        async def talk(*_: Any) -> Any:
            return SimpleNamespace(path=None, lost=lost)

        monkeypatch.setattr(Caller, "_talk", talk)

    return make


async def test_a_lost_line_is_blamed_and_not_what_follows_from_it(monkeypatch, conversed):
    """The farewell of a service that stops was heard as the answer; then the ledger is gone, too."""

    async def gone(*_: Any) -> None:
        raise LedgerUnavailableError

    door = GoneDoor()
    conversed("the agent closed it (1000)")
    monkeypatch.setattr("scripts.calling.caller.closed_row", gone)

    with pytest.raises(LostError, match=r"The call ended early: the agent closed it \(1000\)\."):
        await Caller(SimpleNamespace(door=lambda: door)).call(Utterance(b""), said="")

    assert door.asked_to_end == ["hotline-1"]


async def test_a_call_that_somebody_else_ended_is_no_good_call(monkeypatch, conversed):
    """Its figures would be those of half a call."""

    async def stopped(*_: Any) -> Any:
        return SimpleNamespace(reason=str(Reason.STOPPED))

    conversed("")
    monkeypatch.setattr("scripts.calling.caller.closed_row", stopped)

    with pytest.raises(LostError, match="the ledger says 'stopped'"):
        await Caller(SimpleNamespace(door=GoneDoor)).call(Utterance(b""), said="")
