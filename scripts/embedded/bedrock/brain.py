"""What stands behind the wire: something that is given the caller's turn and takes the floor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerTurn:
    """What the caller did, and all that the model was told before."""

    number: int
    """Turns of this stream so far, from 0."""
    audio: bytes = b""
    """16-bit mono; empty when the turn was typed."""
    sample_rate: int
    """In hertz."""
    text: str | None = None
    """What was typed, if it was."""
    system_prompt: str = ""
    history: Sequence[tuple[str, str]] = ()
    """Role (`USER` or `ASSISTANT`) and words of each message so far."""
    tools: Mapping[str, Any] = field(default_factory=dict)
    """The JSON schema of each declared tool's input, by name."""


class Floor(Protocol):
    """What a brain may do in answer to a turn."""

    @property
    def sample_rate(self) -> int:
        """The rate that `say` must bring, in hertz."""

    @property
    def voice_id(self) -> str:
        """The voice that the client asked for."""

    def hear(self, text: str) -> None:
        """Report what the caller said."""

    async def call_tool(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Have the client run a tool and return its result, a JSON text."""

    async def say(self, text: str, audio: bytes) -> None:
        """Speak: 16-bit mono audio and its words."""


class Tools(Protocol):
    """How a brain uses the client's tools."""

    async def call_tool(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Have the client run a tool and return its result, a JSON text."""


class Brain(Protocol):
    """Answers one turn at a time; a caller who interrupts cancels the answer."""

    async def answer(self, turn: CallerTurn, floor: Floor) -> None:
        """Answer *turn*; return without a word when there is nothing to say."""

    # The same in three steps, for the services of which each takes one.

    async def hear(self, audio: bytes, sample_rate: int) -> str:
        """Return the words of a turn: 16-bit mono; nothing where none were understood."""

    async def reply(self, turn: CallerTurn, tools: Tools) -> str:
        """Return what to answer to the words of *turn*."""

    async def speak(self, words: str, sample_rate: int) -> bytes:
        """Return *words* spoken, 16-bit mono."""
