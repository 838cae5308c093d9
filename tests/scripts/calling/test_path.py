"""What is told of a call's path, and which path is the wrong one."""

import json

import pytest

from runtime.door.stats import Stats
from scripts.calling.errors import WrongAnswerError
from scripts.calling.path import Path, report
from scripts.calling.rehearsal import check_path

RELAYED = Path(
    policy="relay",
    local_type="relay",
    remote_type="host",
    relay_url="turns:r.example:443?transport=tcp",
    relay_protocol="tls",
    packets_received=90,
    packets_lost=10,
    jitter_milliseconds=1.5,
    round_trip_milliseconds=20.0,
)


def test_the_right_path_passes():
    """Through a relay where the policy says so, directly where it may be."""
    check_path(RELAYED)
    check_path(Path(policy="all", local_type="host", remote_type="host", packets_received=1))


@pytest.mark.parametrize(
    "wrong",
    [
        Path(policy="relay", local_type="host", remote_type="relay", packets_received=1),
        Path(policy="relay", local_type="relay", remote_type="relay"),
    ],
)
def test_the_wrong_path_does_not(wrong):
    """A call that works without its relay says nothing about callers who need one."""
    with pytest.raises(WrongAnswerError):
        check_path(wrong)


def test_the_door_takes_what_it_is_told():
    """One list of figures for the page and for this caller; the door refuses any other."""
    told = Stats.read(json.dumps(report(RELAYED, join_seconds=1.25)).encode())

    assert (told.join_milliseconds, told.relay_protocol, told.packets_lost) == (1250, "tls", 10)
    assert Stats.read(json.dumps(report(None)).encode()).candidate_type is None


def test_a_person_reads_the_path_at_a_glance():
    """Loss is of what was sent, and what is not known is not zero."""
    rows = dict(RELAYED.rows())

    assert rows["Path"] == "relay to host over tls, turns:r.example:443?transport=tcp (policy: relay)"
    assert rows["Wire"].startswith("10.0 % of 100 packets lost")
    assert "unknown" in dict(Path(policy="all", local_type="host", remote_type="host").rows())["Wire"]
