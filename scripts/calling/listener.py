"""The caller's ear: what arrives from the agent, and when."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from scripts.calling.errors import LostError, NoAnswerError
from scripts.calling.frames import Audio, Frame, Interruption, Message
from scripts.calling.utterance import SAMPLE_BYTES, is_audible

FUNCTION_CALL_BEGAN = "llm-function-call-in-progress"
FUNCTION_CALL_ENDED = "llm-function-call-stopped"
"""RTVI: a tool of the agent runs from the one to the other, and the agent is rightly silent."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Audio of the agent as it arrived; `at` in monotonic seconds."""

    at: float
    audio: Audio
    audible: bool


@dataclass(slots=True)
class Listener:
    """Collects everything that the agent sends."""

    sounds: list[Sound] = field(default_factory=list)
    messages: list[tuple[float, Message]] = field(default_factory=list)
    interruptions: int = 0
    lost: str = ""
    """Why the connection ended, in words; empty while it is up."""
    _played_until: float = 0.0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, frame: Frame | None) -> None:
        """Take what has just arrived; none is something that a caller has no use for."""
        self._note(frame, time.monotonic())
        self._changed.set()

    def end(self, why: str) -> None:
        """The connection is gone."""
        self.lost = why
        self._changed.set()

    def _note(self, frame: Frame | None, now: float) -> None:
        match frame:
            case Audio():
                self._note_audio(frame, now)
            case Message():
                self.messages.append((now, frame))
            case Interruption():
                self.interruptions += 1
                self._played_until = now
            case None:
                pass

    def _note_audio(self, audio: Audio, now: float) -> None:
        audible = is_audible(audio.pcm, audio.sample_rate)
        self.sounds.append(Sound(now, audio, audible))
        if audible:  # a player queues what comes faster than it can be heard
            length = len(audio.pcm) / (audio.sample_rate * SAMPLE_BYTES)
            self._played_until = max(self._played_until, now) + length

    def first_audible_after(self, moment: float) -> float | None:
        """Return when the agent was first heard after *moment*."""
        return next((one.at for one in self.sounds if one.audible and one.at > moment), None)

    def audio_between(self, start: float, end: float) -> Audio:
        """Return what arrived between two moments, as one piece."""
        heard = [one.audio for one in self.sounds if start < one.at <= end]
        rate = heard[0].sample_rate if heard else 0
        return Audio(b"".join(one.pcm for one in heard), rate)

    def tool_is_running(self) -> bool:
        """Whether a tool call has begun that has not ended."""
        return not self._tool_calls(FUNCTION_CALL_BEGAN, 0) <= self._tool_calls(FUNCTION_CALL_ENDED, 0)

    def tool_calls_after(self, moment: float) -> int:
        """How many tools the agent's pipeline has dispatched since *moment*."""
        return len(self._tool_calls(FUNCTION_CALL_BEGAN, moment))

    def _tool_calls(self, kind: str, after: float) -> set[str]:
        """Return the ids in messages of this kind."""
        found = (one.body.get("data") or {} for at, one in self.messages if one.type == kind and at > after)
        return {str(data.get("tool_call_id", "")) for data in found}

    async def utterance(
        self, *, after: float, start_seconds: float, end_seconds: float, quiet_seconds: float
    ) -> float:
        """Wait until the agent has spoken and fallen silent; return when it was first heard.

        Args:
            after: Only what is heard after this moment (monotonic seconds) counts.
            start_seconds: Longest wait for the first sound.
            end_seconds: Longest utterance.
            quiet_seconds: The pause that ends it; a running tool does not count as one.

        Raises:
            NoAnswerError: It did not start, or did not end, in time.
            LostError: The connection ended before the agent was heard.
        """
        await self._until(
            lambda: self.first_audible_after(after) is not None,
            seconds=start_seconds,
            otherwise=f"The agent said nothing for {start_seconds:.0f} s",
        )
        began = self.first_audible_after(after)
        await self._until(
            lambda: bool(self.lost) or self._is_quiet_for(quiet_seconds),
            seconds=end_seconds,
            otherwise=f"The agent was still talking after {end_seconds:.0f} s",
        )
        return began or 0.0

    def _is_quiet_for(self, seconds: float) -> bool:
        return not self.tool_is_running() and time.monotonic() - self._played_until >= seconds

    async def _until(self, happened: Callable[[], bool], *, seconds: float, otherwise: str) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            if self.lost:
                raise LostError(f"The call ended early: {self.lost}.")
            if time.monotonic() >= deadline:
                raise NoAnswerError(f"{otherwise}, so the caller hung up.")
            self._changed.clear()
            await self._next_change(deadline)

    async def _next_change(self, deadline: float) -> None:
        """Wake when something arrives, and often enough to notice a pause."""
        notice_seconds = 0.05
        try:
            await asyncio.wait_for(
                self._changed.wait(), min(notice_seconds, max(0.0, deadline - time.monotonic()))
            )
        except TimeoutError:
            return
