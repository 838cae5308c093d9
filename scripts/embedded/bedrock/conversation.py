"""Whose turn it is: the caller's audio cut into turns, each answered by the brain, each interruptible."""

import asyncio
from typing import Any

from scripts.embedded.bedrock.answering import Answering
from scripts.embedded.bedrock.brain import Brain, CallerTurn
from scripts.embedded.bedrock.output import Output
from scripts.embedded.bedrock.turns import Change, TurnDetector
from scripts.embedded.bedrock.usage import Usage


class Conversation:
    """What was said in one stream, and the answer under way."""

    def __init__(self, brain: Brain, output: Output) -> None:
        self.usage = Usage()
        self.system_prompt = ""
        self.history: list[tuple[str, str]] = []
        self.tools: dict[str, Any] = {}
        self.voice_id = ""
        self.output_rate = 0
        self.turns = 0
        self._brain = brain
        self._output = output
        self._detector: TurnDetector | None = None
        self._answering: Answering | None = None
        self._answer: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._asked: set[str] = set()
        self._interrupted = False

    def instruct(self, system_prompt: str) -> None:
        """Take the system prompt."""
        self.system_prompt = system_prompt
        self.usage.add_text("input", system_prompt)

    def recall(self, role: str, text: str) -> None:
        """Take a message of an earlier conversation."""
        self.history.append((role, text))
        self.usage.add_text("input", text)

    def listen(self, detector: TurnDetector) -> None:
        """Start to hear the caller."""
        self._detector = detector

    def hear(self, pcm: bytes) -> None:
        """Take a piece of the caller's audio."""
        if self._detector is None:
            return
        change = self._detector.feed(pcm)
        if change is Change.STARTED:
            self._interrupt()
        elif change is Change.ENDED:
            audio, speech_seconds = self._detector.take()
            self.usage.add_speech("input", speech_seconds)
            self._begin(audio=audio, sample_rate=self._detector.sample_rate)

    def read(self, text: str) -> None:
        """Take a typed turn: it interrupts and is answered like a spoken one."""
        self._interrupt()
        self.usage.add_text("input", text)
        self._begin(text=text, sample_rate=self.output_rate)

    def take_result(self, tool_use_id: str, text: str) -> bool:
        """Take a tool's result; False when no such call was ever made."""
        if self._answering and self._answering.take_result(tool_use_id, text):
            return True
        # It may come late, for an answer that the caller has interrupted since.
        return tool_use_id in self._asked

    async def close(self) -> None:
        """Stop answering and wait until nothing runs any more."""
        if self._answer:
            self._answer.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _interrupt(self) -> None:
        """Give the floor to the caller."""
        if self._answer is None or self._answer.done():
            return
        self._interrupted = True
        self._answer.cancel()

    def _begin(self, *, sample_rate: int, audio: bytes = b"", text: str | None = None) -> None:
        turn = CallerTurn(
            number=self.turns,
            audio=audio,
            sample_rate=sample_rate,
            text=text,
            system_prompt=self.system_prompt,
            history=tuple(self.history),
            tools=self.tools,
        )
        self.turns += 1
        self._answering = Answering(self._output, self.usage, self.output_rate, self.voice_id)
        work = self._run(turn, self._answering, self._answer)
        self._answer = asyncio.get_running_loop().create_task(work)
        self._running.add(self._answer)
        self._answer.add_done_callback(self._running.discard)

    async def _run(self, turn: CallerTurn, answering: Answering, previous: asyncio.Task[None] | None) -> None:
        if previous:  # its last words, and that it was interrupted, come before this answer's first
            await asyncio.wait({previous})
        self._interrupted = False
        try:
            await self._brain.answer(turn, answering)
        finally:
            if self._interrupted and answering.spoke:
                self._output.interrupted()
            self._note(turn, answering)

    def _note(self, turn: CallerTurn, answering: Answering) -> None:
        self._asked |= answering.asked
        if words := turn.text or answering.heard:
            self.history.append(("USER", words))
        self.history.extend(("ASSISTANT", said) for said in answering.said)
