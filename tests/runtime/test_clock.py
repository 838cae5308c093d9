import time

import pytest

from runtime.clock import DoorClock


def test_until_the_door_tells_it_is_the_machines_own_time():
    """An agent that somebody invokes past the door has no better one."""
    assert DoorClock()() == pytest.approx(time.time(), abs=1)


def test_the_doors_time_is_carried_on_though_the_wall_clock_jumps(monkeypatch):
    """A microVM restored from a snapshot sets its wall clock right some time after it has begun to work."""
    clock = DoorClock()
    clock.set(1_800_000_000.0)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    started = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: started + 40)

    assert clock() == pytest.approx(1_800_000_040, abs=1)


@pytest.mark.parametrize("nonsense", [None, "soon", True, -5, float("nan"), float("inf")])
def test_nonsense_is_no_time(nonsense):
    """A row with such a moment in it could not be written, and the call would look lost."""
    clock = DoorClock()
    clock.set(nonsense)

    assert clock() == pytest.approx(time.time(), abs=1)
