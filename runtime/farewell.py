"""The last words of a call: asked for, then waited for until the caller has heard them out."""

from collections.abc import Mapping

from runtime.door.session import Reason
from runtime.pulse import Pulse

FAREWELLS: Mapping[Reason, str] = {
    Reason.IDLE: "Nobody has spoken for a while. Say in one short sentence that you are hanging up now.",
    Reason.DURATION: "The call has reached its longest duration. Say so in one short sentence and say goodbye.",
    Reason.COST: "The call has reached its limit. Say so in one short sentence and say goodbye.",
    Reason.STOPPED: "The service is stopping. Apologise in one short sentence and say goodbye.",
}
"""What the model is asked to say before these endings; every other one leaves nobody to say it to, or is said."""

BEGIN_SECONDS = 8.0
"""Longest wait for the words to begin; then the line is cut."""

LONGEST_SECONDS = 20.0
"""Longest in all: a model that rambles must not lift the cap that it was told of."""


class Farewell:
    """Last words, if they were asked for.

    Args:
        pulse: Knows who has made a sound, and when.
    """

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._asked_at: float | None = None

    @property
    def is_asked(self) -> bool:
        """Whether nothing is left to do but to say them."""
        return self._asked_at is not None

    def ask(self) -> None:
        """Expect them from now on, also if they were expected before."""
        self._asked_at = self._pulse.elapsed

    def interrupted(self) -> None:
        """Wait for other ones: whoever talks over a goodbye has something else to say."""
        if self.is_asked:
            self.ask()

    @property
    def is_over(self) -> bool:
        """Whether they were heard out, or are overdue."""
        if self._asked_at is None:
            return False
        begun = self._pulse.has_begun_since(self._asked_at)
        late = self._pulse.elapsed - self._asked_at >= (LONGEST_SECONDS if begun else BEGIN_SECONDS)
        return late or self._pulse.has_answered_since(self._asked_at)
