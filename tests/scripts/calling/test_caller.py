"""A caller whose call fails says what failed first, and has asked the door to end the session all the same."""

import contextlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

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
