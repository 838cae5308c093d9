"""What bounds a call, as its agent sees it: length, money, silence.  The door's reaper holds the same, later."""

from collections.abc import Callable

from runtime.door.session import Reason
from runtime.meter import Meter
from runtime.pulse import Pulse
from runtime.settings.agent import RuntimeSettings


class Caps:
    """The limits of one call.

    Args:
        settings: How much silence and money there may be.
        call_seconds: How long it may last; the door may have promised this caller less than the stage allows.
        has_joined: Whether the caller has come to the line yet.
        pulse: How long it has lasted, and how long it has been silent.
        meter: What it has cost.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        *,
        call_seconds: Callable[[], int],
        has_joined: Callable[[], bool],
        pulse: Pulse,
        meter: Meter,
    ) -> None:
        self._settings = settings
        self._call_seconds = call_seconds
        self._has_joined = has_joined
        self._pulse = pulse
        self._meter = meter

    def reached(self) -> Reason | None:
        """Return the first limit that is reached."""
        if self._pulse.elapsed >= self._call_seconds():
            return Reason.DURATION
        if self._meter.cost_usd >= self._settings.call_cost_usd:
            return Reason.COST
        if self._pulse.silent >= self._settings.idle_seconds:
            return Reason.IDLE if self._has_joined() else Reason.NEVER_JOINED
        return None
