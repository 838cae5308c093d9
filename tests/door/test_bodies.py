import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis.strategies import (
    binary,
    booleans,
    dictionaries,
    floats,
    integers,
    lists,
    none,
    one_of,
    recursive,
    sampled_from,
    text,
)

from runtime.door.bodies import Candidates, Offer, SessionRequest
from runtime.door.errors import InvalidRequestError
from runtime.door.models import read_nothing
from runtime.door.stats import Stats

SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n"
CANDIDATE = {"candidate": "candidate:1 1 udp 1 192.0.2.7 5 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
STATS = {
    "join_milliseconds": 1,
    "packets_lost": 0,
    "packets_received": 1,
    "jitter_milliseconds": 0,
    "round_trip_milliseconds": 1,
    "candidate_type": "host",
    "relay_protocol": None,
}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sdp": SDP},
        {"type": "answer", "sdp": SDP},
        {"type": "offer", "sdp": None},
        {"type": "offer", "sdp": ""},
        {"type": "offer", "sdp": [SDP]},
        {"type": "offer", "sdp": "v=0"},
        {"type": "offer", "sdp": "v=01\r\n"},
        {"type": "offer", "sdp": SDP + "s=\u0000\r\n"},
        {"type": "offer", "sdp": SDP + "s=Größe\r\n"},
        {"type": "offer", "sdp": SDP + "a" * (32 * 1024)},
        {"type": "offer", "sdp": SDP, "hold": "true"},
        {"type": "offer", "sdp": SDP, "hold": 1},
        {"type": "offer", "sdp": SDP, "pc_id": "x"},
    ],
)
def test_what_is_no_offer_is_refused(body):
    """Whatever passes here is parsed by the agent, which holds a conversation at the same time."""
    with pytest.raises(InvalidRequestError):
        Offer.read(json.dumps(body).encode())


def test_the_longest_offer_is_taken():
    """A cap that real browsers meet would refuse them at random."""
    longest = SDP + "a" * (32 * 1024 - len(SDP))

    assert Offer.read(json.dumps({"type": "offer", "sdp": longest}).encode()).sdp == longest


@pytest.mark.parametrize(
    "changed",
    [
        {"candidate": "candidate:1 1 udp 1 192.0.2.7 5 typ host\r\na=ice-pwd:mine"},
        {"candidate": "a=candidate:1"},
        {"candidate": "candidate:" + "x" * 512},
        {"candidate": None},
        {"sdpMid": 0},
        {"sdpMid": "0\n"},
        {"sdpMid": "x" * 65},
        {"sdpMLineIndex": "0"},
        {"sdpMLineIndex": True},
        {"sdpMLineIndex": -1},
        {"sdpMLineIndex": 16},
        {"sdpMLineIndex": 0.0},
        {"address": "192.0.2.7"},
    ],
)
def test_what_is_no_candidate_is_refused(changed):
    """A line end would write a line of the caller's own into the description that the agent keeps."""
    with pytest.raises(InvalidRequestError):
        Candidates.read(json.dumps({"candidates": [CANDIDATE | changed]}).encode())


@pytest.mark.parametrize(("many", "taken"), [(0, False), (1, True), (32, True), (33, False)])
def test_a_trickle_is_bounded(many, taken):
    """Each candidate makes the agent send packets; no caller decides how many."""
    body = json.dumps({"candidates": [CANDIDATE] * many}).encode()
    if taken:
        assert len(Candidates.read(body).candidates) == many
    else:
        with pytest.raises(InvalidRequestError, match="candidates"):
            Candidates.read(body)


@pytest.mark.parametrize(
    "changed",
    [
        {"join_milliseconds": -1},
        {"join_milliseconds": 120_001},
        {"join_milliseconds": 10**400},
        {"join_milliseconds": float("nan")},
        {"join_milliseconds": float("inf")},
        {"join_milliseconds": "480"},
        {"join_milliseconds": True},
        {"packets_lost": -10_000_001},
        {"packets_received": -1},
        {"packets_received": 10_000_001},
        {"candidate_type": "carrier-pigeon"},
        {"candidate_type": ["relay"]},
        {"candidate_type": "relay"},
        {"relay_protocol": "udp"},
        {"candidate_type": "relay", "relay_protocol": "dtls"},
        {"caller": "somebody"},
    ],
)
def test_a_figure_that_cannot_be_is_refused(changed):
    """One infinite join time would be the dashboard's average for a day."""
    with pytest.raises(InvalidRequestError):
        Stats.read(json.dumps(STATS | changed).encode())


@pytest.mark.parametrize("name", STATS)
def test_every_figure_must_be_told(name):
    """What is left out by mistake would be missing from the dashboard without anybody noticing."""
    body = {key: value for key, value in STATS.items() if key != name}

    with pytest.raises(InvalidRequestError):
        Stats.read(json.dumps(body).encode())


def test_a_request_without_a_body_has_none():
    """What is sent in vain today would mean something else tomorrow."""
    read_nothing(b"")
    read_nothing(b"{}")
    with pytest.raises(InvalidRequestError):
        read_nothing(b'{"ice_servers": []}')


KEYS = sampled_from([*STATS, *CANDIDATE, "type", "sdp", "hold", "candidates", "transport", "other"])
WORDS = sampled_from(["offer", SDP, "relay", "udp", "webrtc", CANDIDATE["candidate"], ""])
JSON = recursive(
    one_of(none(), booleans(), integers(), floats(), text(), WORDS),
    lambda inner: one_of(lists(inner, max_size=4), dictionaries(KEYS, inner)),
)


@settings(deadline=None, max_examples=300, database=None, derandomize=True)
@given(body=one_of(binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode())))
def test_no_body_breaks_a_reader(body):
    """It is understood or refused; anything else would answer 500 and page somebody."""
    for read in (SessionRequest.read, read_nothing, Offer.read, Candidates.read, Stats.read):
        with suppress(InvalidRequestError):
            read(body)
