"""A brain that does exactly what a test or a benchmark tells it, with exact delays."""

import asyncio
import math
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.embedded.bedrock.brain import CallerTurn, Floor, Tools

TONE_HERTZ = 440.0
TONE_AMPLITUDE = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """One answer."""

    says: str = "Hello."
    """Words of the answer; `{result}` stands for what the tool returned."""
    hears: str = "hello"
    """The transcript of the caller's turn."""
    think_ms: float = 0.0
    """Time between the end of the caller's turn and the first output."""
    tool: tuple[str, Mapping[str, Any]] | None = None
    """Name and arguments of a tool to call first."""
    tone_seconds: float = 1.0
    audio: bytes | None = None
    """16-bit audio at the output rate, instead of the tone."""


class ScriptedBrain:
    """Answers the turns of each stream with *answers* in order; the last one repeats."""

    def __init__(self, *answers: Scripted, choose: Callable[[CallerTurn], Scripted] | None = None) -> None:
        self._answers = answers or (Scripted(),)
        self._choose = choose or self._in_order
        self._heard = 0

    async def answer(self, turn: CallerTurn, floor: Floor) -> None:
        """Give the scripted answer."""
        script = self._choose(turn)
        await asyncio.sleep(script.think_ms / 1000)
        if turn.text is None:
            floor.hear(script.hears)
        await floor.say(await _words(script, floor), self._audio(script, floor))

    async def hear(self, _audio: bytes, _sample_rate: int) -> str:
        """Hear what the next answer is to; the first answers nothing that was said."""
        self._heard += 1
        return self._answers[min(self._heard, len(self._answers) - 1)].hears

    async def reply(self, turn: CallerTurn, tools: Tools) -> str:
        """Give the words of the scripted answer."""
        script = self._choose(turn)
        await asyncio.sleep(script.think_ms / 1000)
        return await _words(script, tools)

    async def speak(self, words: str, sample_rate: int) -> bytes:
        """Sound as long as the answer that begins with *words*, or as the last one."""
        begun = (one for one in self._answers if one.says.startswith(words))
        return tone(next(begun, self._answers[-1]).tone_seconds, sample_rate)

    def _in_order(self, turn: CallerTurn) -> Scripted:
        return self._answers[min(turn.number, len(self._answers) - 1)]

    def _audio(self, script: Scripted, floor: Floor) -> bytes:
        return tone(script.tone_seconds, floor.sample_rate) if script.audio is None else script.audio


async def _words(script: Scripted, tools: Tools) -> str:
    if script.tool is None:
        return script.says
    return script.says.replace("{result}", await tools.call_tool(*script.tool))


def tone(seconds: float, sample_rate: int) -> bytes:
    """Return a steady tone, 16-bit mono."""
    step = 2 * math.pi * TONE_HERTZ / sample_rate
    samples = (round(TONE_AMPLITUDE * math.sin(step * n)) for n in range(round(seconds * sample_rate)))
    return array("h", samples).tobytes()
