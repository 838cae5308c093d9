"""What is concluded from the loads of a relay."""

import json

import pytest

from scripts.benchmarks.relay_report import ONE_HOP, PLAIN, RELAY_TO_RELAY, RelayReport, Step


def step(mode=ONE_HOP, streams=100, *, microseconds=10.0, lost=0.0, sent=100.0):
    return Step(
        mode=mode,
        streams=streams,
        packets_per_second=streams * 100.0,
        processor_percent=10.0,
        microseconds_per_packet=microseconds,
        lost_percent=lost,
        lost_by_relay_percent=lost,
        round_trip_p50_ms=1.0,
        round_trip_p99_ms=2.0,
        sent_percent=sent,
    )


def report(*steps):
    return RelayReport(allocations_per_second=1000, allocations_processor_percent=20, steps=list(steps))


def test_what_loses_packets_is_not_carried():
    """A relay is sized by what callers bear, not by what it survives."""
    one = report(step(streams=200), step(streams=400, lost=1.5))

    assert one.best(ONE_HOP).streams == 200


def test_a_load_that_could_not_be_offered_proves_nothing():
    """Where the generator is the limit, the relay has not been asked."""
    one = report(step(streams=200), step(streams=400, sent=60.0))

    assert one.best(ONE_HOP).streams == 200


@pytest.mark.parametrize(("mode", "calls"), [(ONE_HOP, 750), (RELAY_TO_RELAY, 375)])
def test_a_call_with_relays_at_both_ends_costs_twice(mode, calls):
    """At 10 µs a packet and 100 packets a second for each allocation, three quarters of a core are 750."""
    assert report(step(mode)).planned_calls(mode) == calls


def test_the_report_holds_every_figure_and_the_ratio(tmp_path):
    """Seconds depend on the machine; the ratio to a plain echo hardly does."""
    file = tmp_path / "relay.json"
    report(step(PLAIN, microseconds=8.0), step(microseconds=12.0)).write(file)
    written = json.loads(file.read_text())

    assert [one["ratio_to_echo"] for one in written["steps"]] == [1.0, 1.5]
    assert written["allocations_per_core_and_second"] == 5000
    assert written["per_core"][ONE_HOP]["calls_at_planned_load"] == 625
