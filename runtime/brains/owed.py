"""The answer that the model owes, and for how long it has given no sign of one."""

ANSWER_SECONDS = 5.0
"""Longest wait for any sign of life after the model was given or has heard something to answer."""


class Owed:
    """What waits for an answer in one call, whatever stream carries it."""

    def __init__(self) -> None:
        self.words = ""
        """What the caller was heard to say and no audio has answered yet."""
        self.is_asked = False
        """Whether the present stream was given something since its last sign of life."""
        self._is_heard = False
        self._waited_seconds = 0.0

    def given(self) -> None:
        """Take note of text, or of a tool's result, that the model must answer."""
        self.is_asked = True
        self._waited_seconds = 0.0

    def heard(self, words: str) -> None:
        """Take note of what the model has understood."""
        self._is_heard = True
        self._waited_seconds = 0.0
        self.words = f"{self.words} {words}".strip()

    def sign_of_life(self) -> None:
        """Begin to wait anew, as on a fresh stream: the model has said something, or is another."""
        self.is_asked = self._is_heard = False

    def answered(self) -> None:
        """Take note of audio: nothing that was heard so far is owed an answer any more."""
        self.words = ""

    def wait(self, seconds: float, *, silent_seconds: float) -> bool:
        """Wait *seconds* more and say whether the model has stalled.

        What is waited is told, not read from a clock: a machine that stood still has not listened either.  A caller
        who talks on, and has been silent for *silent_seconds* only, waits for nothing.
        """
        self._waited_seconds += seconds
        if self.is_asked:
            return self._waited_seconds >= ANSWER_SECONDS
        return self._is_heard and min(self._waited_seconds, silent_seconds) >= ANSWER_SECONDS
