"""What a call wants to know from its model."""

from typing import Protocol

from runtime.meter import Usage


class Listener(Protocol):
    """Told at once, on the event loop."""

    @property
    def silent(self) -> float:
        """Seconds since either end made a sound."""

    def used(self, usage: Usage) -> None:
        """The model billed tokens."""

    def asked(self) -> None:
        """The model was given text, or a tool's result, to answer."""

    def caller_finished(self) -> None:
        """The model understood something that the caller said."""

    def model_spoke(self) -> None:
        """Audio came from the model."""

    def interrupted(self) -> None:
        """The caller talked over the model."""

    def reconnected(self) -> None:
        """A further stream carries the conversation."""

    def model_unavailable(self) -> None:
        """No stream can be had; the conversation is over."""
