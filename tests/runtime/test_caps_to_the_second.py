"""The agent's caps by a clock that moves when told to; test_caps.py has the words that go with them."""

from io import StringIO

import numpy as np
import pytest

from runtime.caps import Caps
from runtime.door.session import Reason
from runtime.health import Health
from runtime.meter import Meter, Usage
from runtime.metrics import MetricWriter
from runtime.pulse import AUDIBLE_PEAK, Pulse

CALL, IDLE, COST = 900, 60, 1.0
SOUND = np.full(160, AUDIBLE_PEAK, np.int16).tobytes()
SILENCE = bytes(320)
CENT = Usage(speech_input_tokens=10_000 // 3)
"""At US$3 a million."""


class Line:
    """A call whose seconds pass when a test lets them."""

    def __init__(self, monkeypatch, settings) -> None:
        self.now, self.joined, self.longest = 1_000.0, True, CALL
        monkeypatch.setattr("runtime.pulse.time.monotonic", lambda: self.now)
        self.pulse = Pulse(Health(), MetricWriter("test", out=StringIO()), measures_join=False)
        self.meter = Meter(settings)
        self.caps = Caps(
            settings,
            call_seconds=lambda: self.longest,
            has_joined=lambda: self.joined,
            pulse=self.pulse,
            meter=self.meter,
        )

    def after(self, seconds: float, *, talking: bool = False) -> Reason | None:
        """Let *seconds* pass, and say which cap is reached."""
        for _ in range(int(seconds) if talking else 0):
            self.now += 1
            self.pulse.heard(SOUND)
        self.now += seconds - int(seconds) if talking else seconds
        return self.caps.reached()


@pytest.fixture
def line(monkeypatch, settings) -> Line:
    return Line(monkeypatch, settings)


def test_a_call_lasts_as_long_as_it_may_and_not_a_moment_longer(line):
    """A caller who talks is never cut off early."""
    assert line.after(CALL - 1, talking=True) is None
    assert line.after(0.99) is None
    assert line.after(0.01) is Reason.DURATION


def test_a_guest_is_held_to_what_the_door_promised(line):
    """The row says how long; the stage's own cap is for those who sign in."""
    line.longest = 120

    assert line.after(119, talking=True) is None
    assert line.after(1) is Reason.DURATION


@pytest.mark.parametrize(("joined", "reason"), [(True, Reason.IDLE), (False, Reason.NEVER_JOINED)])
def test_silence_is_counted_from_the_last_sound(line, joined, reason):
    """Of either side: while the agent speaks, the caller listens."""
    line.joined = joined
    assert line.after(IDLE - 1) is None
    line.pulse.heard(SOUND)
    assert line.after(IDLE - 1) is None
    line.pulse.spoke()
    assert line.after(IDLE - 0.01) is None
    line.pulse.heard(SILENCE)

    assert line.after(0.01) is reason


def test_the_tokens_that_reach_the_cap_end_the_call(line):
    """At list price, speech and text apart."""
    while line.meter.cost_usd + 0.01 < COST:
        line.meter.add(CENT)
    assert line.caps.reached() is None

    line.meter.add(CENT)
    line.meter.add(CENT)

    assert line.caps.reached() is Reason.COST
