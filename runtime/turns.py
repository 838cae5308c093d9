"""What happened in each turn of a call, and when: one line of the log, without a word of what was said.

A turn begins when the caller has said something, or the model was given something to answer, and is over when
the answer was heard out.  Times are milliseconds since the call began.  Tokens are those that the model billed
since the turn before; what it bills after its last word counts in the next turn, or in the call's sum alone.
"""

import logging
from dataclasses import dataclass, field
from typing import Any

from runtime.meter import Meter, Usage
from runtime.metrics import MILLISECONDS, TURN_OVER
from runtime.pulse import PAUSE_SECONDS, Pulse
from runtime.tools.toolbox import ToolRun

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Turn:
    """A turn that is not over.  All times are seconds since the call began."""

    number: int
    caller_began: float | None = None
    caller_ended: float | None = None
    asked: float | None = None
    """When the model was given something to answer that nobody said: the greeting, typed text, a goodbye."""
    answer_began: float | None = None
    awaits_model: bool = True
    is_interrupted: bool = False
    tools: list[dict[str, Any]] = field(default_factory=list)


class Turns:
    """The turns of one call; it is told of everything that the call is told of.

    Args:
        session_id: Whose.
        pulse: Knows who made a sound, and when; it must have been told first.
        meter: Knows what tokens cost.
    """

    def __init__(self, session_id: str, pulse: Pulse, meter: Meter) -> None:
        self._session_id = session_id
        self._pulse = pulse
        self._meter = meter
        self._turn: _Turn | None = None
        self._number = 0
        self._tools_running = 0
        self._results_due = 0
        self._usage = Usage()
        self._over_at = 0.0
        """How old the call was when a turn was last over, in seconds."""

    def used(self, usage: Usage) -> None:
        """The model billed tokens."""
        self._usage += usage

    def caller_finished(self) -> None:
        """The model understood something that the caller said."""
        turn = self._unanswered()
        if turn.caller_began is None:
            turn.caller_began = self._pulse.caller_began
        turn.caller_ended = self._pulse.caller_ended

    def asked(self) -> None:
        """The model was given something to answer: a text, or the result of a tool, which is part of its turn."""
        if self._results_due and self._turn:
            self._results_due -= 1
            self._turn.awaits_model = True
            return
        turn = self._unanswered()
        if turn.asked is None:
            turn.asked = self._pulse.elapsed

    def model_spoke(self) -> None:
        """Audio came from the model, perhaps to something that it found no words in."""
        if self._turn is None and self._pulse.caller_ended > self._over_at:
            self.caller_finished()
        turn = self._turn or self._unanswered()
        turn.awaits_model = False

    def spoke(self) -> None:
        """A piece of the agent's speech left for the caller."""
        if self._turn and self._turn.answer_began is None and not self._turn.awaits_model:
            self._turn.answer_began = self._pulse.elapsed

    def interrupted(self) -> None:
        """The caller talked over the model."""
        if self._turn:
            self._turn.is_interrupted = True

    def tool_begins(self) -> None:
        """The model called a tool."""
        self._tools_running += 1
        self._results_due += 1

    def tool_ends(self, run: ToolRun) -> None:
        """The tool has an answer, or none."""
        self._tools_running -= 1
        if self._turn:
            began = _milliseconds(self._pulse.elapsed - run.seconds)
            milliseconds = round(run.seconds * MILLISECONDS, 1)
            self._turn.tools.append(
                {"tool": run.tool, "began_ms": began, "ms": milliseconds, "error": run.error}
            )

    def look(self) -> None:
        """Write the turn down if it is over by now."""
        turn = self._turn
        if turn is None or turn.answer_began is None or turn.awaits_model or self._tools_running:
            return
        if self._pulse.agent_quiet >= PAUSE_SECONDS:
            self.close()

    def close(self) -> None:
        """Write down the turn that is under way, if one is."""
        if self._turn:
            _log.info(TURN_OVER, extra=self._record(self._turn))
            self._turn, self._usage, self._results_due = None, Usage(), 0
            self._over_at = self._pulse.elapsed

    def _unanswered(self) -> _Turn:
        """Return the turn that waits for its answer; one that has it is over now."""
        if self._turn and self._turn.answer_began is not None:
            self.close()
        if self._turn is None:
            self._number += 1
            self._turn = _Turn(number=self._number)
        return self._turn

    def _record(self, turn: _Turn) -> dict[str, Any]:
        answer_ended = self._pulse.agent_ended if turn.answer_began is not None else None
        used = self._usage
        return {
            "session_id": self._session_id,
            "turn": turn.number,
            "asked_ms": _milliseconds(turn.asked),
            "caller_began_ms": _milliseconds(turn.caller_began),
            "caller_ended_ms": _milliseconds(turn.caller_ended),
            "answer_began_ms": _milliseconds(turn.answer_began),
            "answer_ended_ms": _milliseconds(answer_ended),
            "interrupted": turn.is_interrupted,
            "tools": turn.tools,
            "tokens": {
                "speech_input": used.speech_input_tokens,
                "speech_output": used.speech_output_tokens,
                "text_input": used.text_input_tokens,
                "text_output": used.text_output_tokens,
            },
            "cost_usd": round(self._meter.cost_of(used), 6),
        }


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * MILLISECONDS)
