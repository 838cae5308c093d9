"""What a caller knows of their way to the agent, whatever carries it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from scripts.calling.door import Door, Invitation
from scripts.calling.listener import Listener
from scripts.calling.microphone import Microphone
from scripts.calling.path import Path

CLOSE_SECONDS = 3
"""Longest wait for the agent to hang up after it was asked to."""

RTVI_LABEL = "rtvi-ai"
RTVI_VERSION = "2.2.0"
"""Source: `PROTOCOL_VERSION` in pipecat 1.14 `processors/frameworks/rtvi/models.py`."""
CLIENT_READY = "client-ready"
ABOUT_CLIENT = {"version": RTVI_VERSION, "about": {"library": "hotline"}}
"""What a client says of itself when it is ready."""
HANG_UP = "disconnect-bot"


class Line(Protocol):
    """A call in progress, with a microphone and an ear on it."""

    opened_at: float
    """Monotonic seconds; nothing was heard before."""

    ear: Listener
    microphone: Microphone

    async def hang_up(self) -> None:
        """Ask the agent to end the call, and wait until it has."""

    async def path(self) -> Path | None:
        """Return what carries the audio, and how well; none where only the agent's side knows."""


type OpenLine = Callable[[Door, Invitation], AbstractAsyncContextManager[Line]]
"""Opens a line for a block, through the door that issued the invitation."""


def message(kind: str, data: Mapping[str, object]) -> dict[str, object]:
    """Return an RTVI message of this kind."""
    return {"label": RTVI_LABEL, "type": kind, "id": kind, "data": data}
