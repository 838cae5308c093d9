"""Callers who send more than a call needs: refused, and neither the ledger nor the agent hears of it."""

import json
import logging
import time
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import pytest

from runtime.door.ledger import Ledger
from runtime.door.routes import ROUTES
from runtime.door.session import Reason
from runtime.door.webrtc import STATS_AFTER_SECONDS
from tests.door.conftest import TABLE, items
from tests.door.gateway import ALICE, REQUEST_ID, WANTED, WANTED_WEBRTC, event, forget
from tests.door.offers import CHROMIUM, candidate, with_candidate, with_line
from tests.door.test_bodies import STATS

OFFER = "POST /sessions/{id}/offer"
TRICKLE = "PATCH /sessions/{id}/offer"
METADATA = "169.254.169.254"
SECRET = "ghp-something-that-nobody-else-should-read"  # what a caller pastes by mistake


@pytest.fixture
def session_id(call) -> str:
    """A session of Alice's, over WebRTC."""
    return call("POST /sessions", body=WANTED_WEBRTC)[1]["session_id"]


@pytest.fixture
def nothing_more(dynamodb, agentcore, session_id):  # noqa: ARG001 - what comes after it is what is looked for
    """Assert that nothing has happened since the session was opened."""
    rows, asked = items(dynamodb), list(agentcore.asked)

    def check() -> None:
        assert (items(dynamodb), agentcore.asked, agentcore.stopped) == (rows, asked, [])

    return check


def offering(sdp: str) -> dict:
    return {"type": "offer", "sdp": sdp}


def trickling(*lines: str) -> dict:
    return {"candidates": [{"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0} for line in lines]}


def test_an_oversized_offer(call, session_id, nothing_more):
    """The agent parses what it gets while it holds a conversation."""
    too_large = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    for more, status in (
        ("a=ice-options:trickle\r\n" * 1_300, HTTPStatus.BAD_REQUEST),  # within the length of an sdp
        ("a=x\r\n" * 6_200, HTTPStatus.BAD_REQUEST),  # within the length of a body
        ("a" * 60_000, too_large),
        ("a" * 8_000_000, too_large),  # more than API Gateway would pass on
    ):
        assert call(OFFER, session_id=session_id, body=offering(CHROMIUM + more))[0] == status
    nothing_more()


def test_an_offer_that_leads_inside(call, session_id, nothing_more):
    """The agent would send packets to the VPC, to itself, or to who hands out its credentials."""
    for address in ("10.0.11.10", "127.0.0.1", METADATA, "100.64.0.1", "fd00:ec2::254", "::1"):
        for kind in ("host", "srflx", "relay"):
            offered = offering(with_candidate(CHROMIUM, address, kind=kind))
            status, told, _ = call(OFFER, session_id=session_id, body=offered)

            assert (status, told["errors"][0]["where"]) == (HTTPStatus.BAD_REQUEST, "sdp")
            assert address not in json.dumps(told)
    nothing_more()


def test_a_candidate_that_leads_inside(call, session_id, nothing_more):
    """Also as the second of a batch whose first is none."""
    for address in ("192.168.1.10", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "metadata"):
        body = trickling(candidate("203.0.113.7"), candidate(address))
        status, told, _ = call(TRICKLE, session_id=session_id, body=body)

        assert (status, told["errors"][0]["where"]) == (HTTPStatus.BAD_REQUEST, "candidates.1.candidate")
    nothing_more()


def test_a_relay_on_loopback_only_where_the_stage_says(call, session_id, environment, agentcore):
    """An embedded cloud's is; on AWS loopback is the microVM that the agent is in."""
    body = trickling(candidate("127.0.0.1", kind="relay"))
    refused = call(TRICKLE, session_id=session_id, body=body)[0]
    forget()
    environment.setenv("HOTLINE_RELAY_NETWORKS", "127.0.0.1/32")

    assert refused == HTTPStatus.BAD_REQUEST
    assert call(TRICKLE, session_id=session_id, body=body)[0] == HTTPStatus.NO_CONTENT
    assert agentcore.asked[-1][1]["action"] == "candidates"


def test_an_offer_with_more_or_less_than_a_call_has(call, session_id, nothing_more):
    """One voice, one data channel."""
    voice, channel = CHROMIUM.index("m=audio"), CHROMIUM.index("m=application")
    for sdp in (
        CHROMIUM + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n",
        CHROMIUM + CHROMIUM[voice:],
        CHROMIUM[:voice] + CHROMIUM[channel:],
        with_line(CHROMIUM, "k=clear:payload"),
        with_line(CHROMIUM, f"c=IN IP4 {METADATA}"),
    ):
        assert call(OFFER, session_id=session_id, body=offering(sdp))[0] == HTTPStatus.BAD_REQUEST
    nothing_more()


def test_data_in_an_offer_stays_outside(call, agentcore, session_id):
    """An attribute of somebody's own is a way to bring something in that nobody checks."""
    sdp = with_line(CHROMIUM, f"a=x-payload:{SECRET}")

    assert call(OFFER, session_id=session_id, body=offering(sdp))[0] == HTTPStatus.OK
    assert SECRET not in json.dumps(agentcore.asked)


TRAVERSALS = (
    *("../../invites", "..%2f..%2finvites", "%2e%2e", ".", "open-sessions", "hotline-", "hotline-%00", "*"),
    *("hotline-00000000-0000-4000-8000-00000000000g", "hotline-00000000-0000-4000-8000-000000000009\n"),
    *("hotline-00000000-0000-4000-8000-000000000009/../x", "x" * 5_000, '{"$ne": null}', "' OR 1=1"),
    "arn:aws:iam::111122223333:user/alice",
)


def test_an_id_that_leads_elsewhere(call, nothing_more):
    """The id becomes a key of the ledger and a header to AgentCore; only one of ours gets so far."""
    for route, body in (
        ("GET /sessions/{id}", ""),
        ("DELETE /sessions/{id}", ""),
        (OFFER, offering(CHROMIUM)),
        (TRICKLE, trickling(candidate("203.0.113.7"))),
        ("POST /sessions/{id}/relays", ""),
        ("POST /sessions/{id}/stats", STATS),
    ):
        for traversal in TRAVERSALS:
            assert call(route, session_id=traversal, body=body)[0] == HTTPStatus.NOT_FOUND
    nothing_more()


def test_a_field_that_nobody_asked_for(call, session_id, nothing_more):
    """What is ignored today would mean something tomorrow."""
    for route, body, where in (
        ("POST /sessions", {"transport": "webrtc", "owner": "arn:aws:iam::111122223333:root"}, "owner"),
        ("POST /sessions", {"transport": "webrtc", "session_id": "mine"}, "session_id"),
        (OFFER, {**offering(CHROMIUM), "action": "end"}, "action"),
        (TRICKLE, {**trickling(""), "ice_servers": []}, "ice_servers"),
        (
            TRICKLE,
            {"candidates": [{**trickling("")["candidates"][0], "address": "a"}]},
            "candidates.0.address",
        ),
        ("POST /sessions/{id}/stats", {**STATS, "stage": "prod"}, "stage"),
    ):
        named = session_id if "{id}" in route else ""
        status, told, _ = call(route, session_id=named, body=body)

        assert status == HTTPStatus.BAD_REQUEST
        assert told["errors"] == [{"where": where, "what": "is no field of this request"}]
    nothing_more()


def test_what_was_sent_is_not_repeated(call, caplog, capsys):
    """People paste tokens into the wrong field; answers end up in tickets, and log lines in more hands still."""
    caplog.set_level(logging.DEBUG, logger="runtime")
    for body in (
        {"transport": SECRET},
        {"transport": "webrtc", SECRET: 1},
        {"transport": "webrtc", f"token {SECRET}": {SECRET: SECRET}},
        f'{{"transport": "{SECRET}',
    ):
        status, told, _ = call("POST /sessions", body=body)

        assert status == HTTPStatus.BAD_REQUEST
        assert SECRET not in json.dumps(told)
    printed = capsys.readouterr().out + "".join(str(vars(record)) for record in caplog.records)
    assert "Request refused" in printed  # so that the test sees what is logged
    assert SECRET not in printed


KEYS = ("AKIAIOSFODNN7EXAMPLE", "a1b2c3d4e5f60718293a4b5c6d7e8f90", "Tr0ub4dor")


@pytest.mark.parametrize("key", KEYS)
def test_a_secret_that_is_sent_as_a_fields_name_is_not_repeated(call, caplog, key):
    """A misspelt field is named, because that helps; what looks like nobody's word for a field is not."""
    caplog.set_level(logging.DEBUG, logger="runtime")

    status, told, _ = call("POST /sessions", body={"transport": "webrtc", key: "x", "transprot": "webrtc"})

    assert status == HTTPStatus.BAD_REQUEST
    assert [one["where"] for one in told["errors"]] == ["?", "transprot"]
    assert key not in json.dumps(told) + "".join(str(vars(record)) for record in caplog.records)


@pytest.mark.parametrize("body", ['{"transport": "\ud800"}', "\udfff"])
def test_half_a_character(call, nothing_more, body):
    """It can be no part of any encoded text; a door that tried would crash."""
    assert call("POST /sessions", body=body)[0] == HTTPStatus.BAD_REQUEST
    nothing_more()


def test_numbers_without_end_and_depths_without_bottom(call, session_id, nothing_more):
    """Parsers have died of both."""
    for route, body in (
        ("POST /sessions", '{"transport": ' + "9" * 900 + "}"),
        (
            "POST /sessions/{id}/stats",
            json.dumps(STATS).replace('"packets_lost": 0', '"packets_lost": ' + "9" * 600),
        ),
        (TRICKLE, '{"candidates": [{"sdpMLineIndex": ' + "9" * 40_000 + "}]}"),
        (TRICKLE, "[" * 45_000),
        (TRICKLE, '{"candidates":' * 3_000),
    ):
        named = session_id if "{id}" in route else ""
        assert call(route, session_id=named, body=body)[0] == HTTPStatus.BAD_REQUEST
    nothing_more()


def test_a_field_that_is_sent_twice_means_one_thing(call, session_id, agentcore):
    """Two readers that disagree about such a body are a way past the first; here there is one reader."""
    twice = '{"type": "offer", "sdp": "v=0", "sdp": ' + json.dumps(CHROMIUM) + "}"
    hidden = '{"type": "offer", "sdp": ' + json.dumps(CHROMIUM) + ', "sdp": "v=0"}'

    assert call(OFFER, session_id=session_id, body=twice)[0] == HTTPStatus.OK
    assert call(OFFER, session_id=session_id, body=hidden)[0] == HTTPStatus.BAD_REQUEST
    assert [asked["action"] for _, asked in agentcore.asked] == ["wake", "offer"]


def test_an_agent_that_answers_nonsense_breaks_no_door(call, session_id, agentcore):
    """It has heard strangers talk; what it says is read with care."""
    for answer in (b"[" * 60_000, b'{"type": "answer", "sdp": ["v=0"]}', b"\xff", b"null"):
        agentcore.answers["offer"] = answer
        status, told, _ = call(OFFER, session_id=session_id, body=offering(CHROMIUM))

        assert status == HTTPStatus.SERVICE_UNAVAILABLE
        assert "agent does not answer" in told["detail"]


def test_a_fault_that_nobody_foresaw_tells_nobody_what_was_sent(call, session_id, caplog, monkeypatch):
    """The caller gets an answer like every other; the log has what finds the fault, and none of its words."""

    def stumble(_door, _request, _body):
        raise RuntimeError(SECRET)

    shown = ROUTES["GET /sessions/{id}"]
    monkeypatch.setitem(ROUTES, shown.key, replace(shown, act=stumble))

    status, told, headers = call(shown.key, session_id=session_id)

    assert status == told["status"] == HTTPStatus.INTERNAL_SERVER_ERROR
    assert (headers["content-type"], headers["x-request-id"]) == ("application/problem+json", REQUEST_ID)
    record = caplog.records[-1]
    assert (record.levelname, record.fault, record.request_id) == ("ERROR", "RuntimeError", REQUEST_ID)
    assert record.where.endswith("stumble")
    assert SECRET not in json.dumps(told) + str(vars(record))


def test_figures_of_a_call_that_was_over_long_ago(call, dynamodb, session_id, capsys):
    """Whoever once called could otherwise bend today's averages for as long as their row is kept."""
    earlier = Ledger(dynamodb, TABLE, clock=lambda: time.time() - STATS_AFTER_SECONDS - 1)
    earlier.close(session_id, Reason.HANG_UP)
    capsys.readouterr()

    status, _, _ = call("POST /sessions/{id}/stats", session_id=session_id, body=STATS)

    assert status == HTTPStatus.CONFLICT
    assert "JoinTime" not in capsys.readouterr().out


@pytest.mark.parametrize("wanted", [WANTED, WANTED_WEBRTC])
def test_a_callers_headers_do_not_reach_agentcore(call, agentcore, wanted):
    """The agent could take `...-Custom-Role: admin` for a word of the deployment's own."""
    sent = event("POST /sessions", "", ALICE, wanted)["headers"] | {
        "x-amzn-bedrock-agentcore-runtime-custom-role": "admin",
        "x-amzn-bedrock-agentcore-runtime-session-id": "hotline-" + "0" * 36,
        "x-amzn-bedrock-agentcore-runtime-user-id": "root",
        "x-amzn-trace-id": "Root=1-smuggled",
        "x-forwarded-host": METADATA,
    }
    query = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Role=admin&qualifier=other"

    status, body, _ = call("POST /sessions", body=wanted, headers=sent, rawQueryString=query)

    assert status == HTTPStatus.CREATED
    (received,) = agentcore.headers
    assert received["x-amzn-bedrock-agentcore-runtime-session-id"] == body["session_id"]
    assert [name for name in received if "custom" in name or "user-id" in name] == []
    assert not {"admin", "root", METADATA} & set(received.values())
    assert "smuggled" not in json.dumps(received)
    if "url" in body:
        signed = parse_qs(urlsplit(body["url"]).query)
        assert {name for name in signed if not name.startswith("X-Amz-")} == {
            "qualifier", "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id",
        }  # fmt: skip
        assert signed["qualifier"] == ["live"]
