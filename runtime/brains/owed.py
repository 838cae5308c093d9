"""The answer that the model owes, and since when it has given no sign of one."""

import time

ANSWER_SECONDS = 5.0
"""Longest wait for any sign of life after the model was given or has heard something to answer."""


class Owed:
    """What waits for an answer in one call, whatever stream carries it."""

    def __init__(self) -> None:
        self.words = ""
        """What the caller was heard to say and no audio has answered yet."""
        self._given_at: float | None = None
        self._heard_at: float | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the present stream was given something since its last sign of life."""
        return self._given_at is not None

    def given(self) -> None:
        """Take note of text, or of a tool's result, that the model must answer."""
        self._given_at = time.monotonic()

    def heard(self, words: str) -> None:
        """Take note of what the model has understood."""
        self._heard_at = time.monotonic()
        self.words = f"{self.words} {words}".strip()

    def sign_of_life(self) -> None:
        """Begin to wait anew, as on a fresh stream: the model has said something, or is another."""
        self._given_at = self._heard_at = None

    def answered(self) -> None:
        """Take note of audio: nothing that was heard so far is owed an answer any more."""
        self.words = ""

    def is_overdue(self, silent_seconds: float) -> bool:
        """Say whether the model has stalled; a caller who talks on after *silent_seconds* waits for nothing."""
        now = time.monotonic()
        if self._given_at is not None:
            return now - self._given_at >= ANSWER_SECONDS
        if self._heard_at is not None:
            return min(now - self._heard_at, silent_seconds) >= ANSWER_SECONDS
        return False
