"""When somebody last made a sound: what silence, turns and latencies of a call are measured by."""

import math
import time
from collections.abc import Mapping

import numpy as np

from runtime.health import Health
from runtime.metrics import (
    JOIN_TIME,
    MILLISECONDS,
    MODEL_FIRST_AUDIO,
    VOICE_TO_VOICE_LATENCY,
    Metric,
    MetricWriter,
)

AUDIBLE_PEAK = 655
"""Sample value from which audio counts as a sound: -34 dB of full scale.

A quiet room through a headset stays below it, a low voice into a laptop passes it.  Steady noise above
it only makes latencies look shorter and keeps a call from being idle; the other caps still hold.
"""


PAUSE_SECONDS = 0.8
"""Silence after which an answer counts as finished."""

TURN_PAUSE_SECONDS = 2.0
"""Silence of the caller's that no turn of theirs goes on after: what Nova Sonic waits for at its least sensitive.

Source: https://docs.aws.amazon.com/nova/latest/nova2-userguide/sonic-turn-taking.html
"""


class Pulse:
    """The moments of one call.

    Nova Sonic tells that the caller's turn is over, never when it ended: its transcript comes after its
    own pause.  So the last audible sound before the transcript is taken for the end of the turn.
    """

    def __init__(self, health: Health, metrics: MetricWriter, *, measures_join: bool) -> None:
        self._health = health
        self._metrics = metrics
        self._joined_at = self._caller_at = self._caller_began_at = self._agent_at = time.monotonic()
        self._model_at = -math.inf
        self._joined = not measures_join
        self._asked_at: float | None = None
        self._turn_ended_at: float | None = None
        self._answered_turn_ended_at: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since the caller's socket was accepted."""
        return time.monotonic() - self._joined_at

    @property
    def silent(self) -> float:
        """Seconds since anybody made a sound."""
        return time.monotonic() - max(self._caller_at, self._agent_at)

    def has_begun_since(self, moment: float) -> bool:
        """Say whether words have come from the model since the call was *moment* seconds old."""
        return self._model_at > self._joined_at + moment

    def has_answered_since(self, moment: float) -> bool:
        """Say whether words that came since the call was *moment* seconds old have been heard out.

        What leaves for the caller would not tell: it may be what the model said before, and faster than it plays.
        """
        return self.has_begun_since(moment) and self.agent_quiet >= PAUSE_SECONDS

    @property
    def agent_quiet(self) -> float:
        """Seconds since words came from the model or left for the caller."""
        return time.monotonic() - max(self._agent_at, self._model_at)

    @property
    def agent_ended(self) -> float:
        """How old the call was when the agent's speech last left for the caller, in seconds."""
        return self._agent_at - self._joined_at

    @property
    def caller_began(self) -> float:
        """How old the call was when the caller began what they said last, in seconds."""
        return self._caller_began_at - self._joined_at

    @property
    def caller_ended(self) -> float:
        """How old the call was at the caller's last sound, in seconds."""
        return self._caller_at - self._joined_at

    def heard(self, audio: bytes) -> None:
        """Take note of the caller's audio."""
        samples = np.frombuffer(audio[: len(audio) & ~1], dtype=np.int16)
        if samples.size and (samples.max() >= AUDIBLE_PEAK or samples.min() <= -AUDIBLE_PEAK):
            now = time.monotonic()
            if now - self._caller_at > TURN_PAUSE_SECONDS:
                self._caller_began_at = now
            self._caller_at = now
            self._health.touch()

    def caller_finished(self) -> None:
        """Take note that the model understood a turn of the caller's."""
        self._turn_ended_at = self._asked_at = self._caller_at

    def asked(self) -> None:
        """Take note that the model was given text, or the result of a tool, to answer."""
        self._asked_at = time.monotonic()

    def model_spoke(self) -> None:
        """Take note of audio from the model; the first after a question is measured."""
        self._model_at = time.monotonic()
        if self._asked_at is not None:
            self._write({MODEL_FIRST_AUDIO: self._asked_at})
            self._asked_at = None
        if self._turn_ended_at is not None:
            self._answered_turn_ended_at, self._turn_ended_at = self._turn_ended_at, None

    def spoke(self) -> None:
        """Take note of the agent's speech leaving for the caller."""
        self._agent_at = time.monotonic()
        self._health.touch()
        if not self._joined:
            self._joined = True
            self._write({JOIN_TIME: self._joined_at})
        if self._answered_turn_ended_at is not None:
            self._write({VOICE_TO_VOICE_LATENCY: self._answered_turn_ended_at})
            self._answered_turn_ended_at = None

    def _write(self, since: Mapping[Metric, float]) -> None:
        now = time.monotonic()
        self._metrics.write(
            {metric: round((now - moment) * MILLISECONDS, 1) for metric, moment in since.items()}
        )
