"""A call over WebRTC, as its browser asks the door for it; relays of our own, an agent that stands in."""

import base64
import json
import logging
import time
from http import HTTPStatus

import pytest

from runtime.door import handlers
from runtime.door.addresses import Addresses
from runtime.door.ledger import Ledger
from runtime.door.sdp import taken
from runtime.door.session import Reason, State
from runtime.metrics import METRICS
from tests.door.conftest import RELAY_SECRET, TABLE, aws_client, items
from tests.door.gateway import ALICE, BOB, REQUEST_ID, WANTED, WANTED_WEBRTC, forget
from tests.door.offers import CHROMIUM
from tests.door.stand_in import ANSWER, agent_error
from turn.credentials import password_for

OFFER = {"type": "offer", "sdp": CHROMIUM}
CANDIDATE = {
    "candidate": "candidate:1 1 udp 41885439 192.0.2.7 50000 typ relay raddr 0.0.0.0 rport 0 generation 0",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
}
TRICKLE = {"candidates": [CANDIDATE]}
STATS = {
    "join_milliseconds": 481.5,
    "packets_lost": 3,
    "packets_received": 297,
    "jitter_milliseconds": 4,
    "round_trip_milliseconds": 52.25,
    "candidate_type": "relay",
    "relay_protocol": "udp",
}
SIGNALING = [
    ("POST /sessions/{id}/offer", OFFER),
    ("PATCH /sessions/{id}/offer", TRICKLE),
    ("POST /sessions/{id}/relays", ""),
]
ROUTES = [*SIGNALING, ("POST /sessions/{id}/stats", STATS)]


@pytest.fixture
def invitation(call) -> dict:
    """A session of Alice's."""
    return call("POST /sessions", body=WANTED_WEBRTC)[1]


@pytest.fixture
def session_id(invitation) -> str:
    return invitation["session_id"]


def test_a_browser_gets_relays_that_let_it_in(call, ledger):
    """What RTCPeerConnection is made with; the relays derive the same password, or nobody is heard."""
    status, body, headers = call("POST /sessions", body=WANTED_WEBRTC)

    assert status == HTTPStatus.CREATED
    assert body.keys() == {
        "session_id",
        "ice_servers",
        "ice_transport_policy",
        "expires_in_seconds",
        "limits",
    }
    assert (body["ice_transport_policy"], body["expires_in_seconds"]) == ("relay", 60)
    udp, web = body["ice_servers"]
    assert (udp["urls"], web["urls"]) == (
        ["turn:192.0.2.7:3478?transport=udp"],
        ["turn:192.0.2.7:443?transport=tcp"],
    )
    assert udp["credential"] == password_for(udp["username"], secret=RELAY_SECRET)
    expires_at, _, name = udp["username"].partition(":")
    assert name == body["session_id"]  # not who calls: relays log it
    assert 60 < int(expires_at) - time.time() <= 90
    assert ledger.get(body["session_id"]).transport == "webrtc"
    assert headers["cache-control"] == "no-store"


def test_one_issue_of_credentials_serves_both_ends(agentcore, invitation):
    """Each issue counts against a channel's five a second, and the agent must not ask for its own."""
    ((session_id, wake),) = agentcore.asked

    assert (session_id, wake["action"]) == (invitation["session_id"], "wake")
    passwords = {one["credential"] for one in wake["ice_servers"] if "credential" in one}
    assert passwords == {one["credential"] for one in invitation["ice_servers"]}
    # The agent is also told of STUN, which spares a hop, and of every way in.
    urls = [url for one in wake["ice_servers"] for url in one["urls"]]
    assert urls[0] == "stun:192.0.2.7:443"
    assert len(urls) == 4


def test_a_websocket_session_is_woken_too(call, agentcore):
    """Its microVM starts while the caller still looks for the button."""
    session_id = call("POST /sessions", body=WANTED)[1]["session_id"]

    ((woken, asked),) = agentcore.asked
    assert (woken, asked["action"]) == (session_id, "wake")
    assert asked["now"] == pytest.approx(time.time(), abs=60)  # a microVM's own clock may be wrong


@pytest.mark.parametrize(
    "fault",
    [
        (HTTPStatus.FORBIDDEN, "AccessDeniedException"),
        (HTTPStatus.NOT_FOUND, "ResourceNotFoundException"),
        agent_error(500),
        agent_error(400),
    ],
    ids=lambda fault: fault[1],
)
@pytest.mark.parametrize("wanted", [WANTED, WANTED_WEBRTC])
def test_an_agent_that_does_not_wake_leaves_nothing_half_made(
    call, *, ledger, dynamodb, agentcore, wanted, fault
):
    """The place is given back, the microVM is stopped, and the caller hears that it is not their fault."""
    agentcore.refuses["wake"] = fault

    status, told, headers = call("POST /sessions", body=wanted)

    assert (status, headers["retry-after"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "10")
    assert "agent does not answer" in told["detail"]
    assert headers["content-type"] == "application/problem+json"
    assert [one for one in told if one in {"url", "ice_servers", "session_id"}] == []
    (row,) = [one for one in items(dynamodb) if "owner" in one]
    assert (row["state"]["S"], row["reason"]["S"]) == (State.CLOSED, Reason.AGENT_ERROR)
    assert list(ledger.open_sessions()) == []
    assert agentcore.stopped == [row["session_id"]["S"]]


def test_a_row_is_closed_even_if_agentcore_does_nothing_at_all(call, ledger, dynamodb, agentcore):
    """When AgentCore is down, stopping fails as well; places must not be lost one by one."""
    agentcore.refuses[""] = (HTTPStatus.FORBIDDEN, "AccessDeniedException")

    status, *_ = call("POST /sessions", body=WANTED_WEBRTC)

    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert list(ledger.open_sessions()) == []
    assert len([one for one in items(dynamodb) if "owner" in one]) == 1


def test_without_a_relay_no_call_begins(call, *, ledger, dynamodb, agentcore, relays, caplog):
    """A call that could never carry audio is refused in words, and no microVM starts for it."""
    aws_client("secretsmanager").delete_secret(SecretId=relays.secret_arn, ForceDeleteWithoutRecovery=True)

    status, told, _ = call("POST /sessions", body=WANTED_WEBRTC)

    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "no relay for the audio" in told["detail"]
    assert "arn:" not in told["detail"]
    assert "Check that the secret exists" in caplog.records[-1].detail  # what to do, for the operators
    (row,) = [one for one in items(dynamodb) if "owner" in one]
    assert (row["state"]["S"], row["reason"]["S"]) == (State.CLOSED, Reason.NO_RELAY)
    assert (list(ledger.open_sessions()), agentcore.asked) == ([], [])


def test_relays_that_are_set_up_wrong_are_the_operators_to_mend(call, environment, caplog):
    """A page can say that it is not the caller's fault, and the log says what is missing."""
    environment.delenv("HOTLINE_TURN_ADDRESSES")

    status, *_ = call("POST /sessions", body=WANTED_WEBRTC)

    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "HOTLINE_TURN_ADDRESSES is not set" in caplog.records[-1].detail


@pytest.mark.parametrize("hold", [{}, {"hold": False}, {"hold": True}])
def test_an_offer_reaches_the_agent_and_its_answer_the_browser(call, agentcore, session_id, hold):
    """To the character: one of a fingerprint is the difference between a call and silence."""
    status, body, _ = call("POST /sessions/{id}/offer", session_id=session_id, body=OFFER | hold)

    assert (status, body) == (HTTPStatus.OK, ANSWER)
    asked = {"action": "offer", "sdp": taken(CHROMIUM, Addresses())} | (
        {"hold": True} if hold.get("hold") else {}
    )
    assert agentcore.asked[-1] == (session_id, asked)


def test_candidates_reach_the_agent(call, agentcore, session_id):
    """Trickled ones and the empty last; what a browser adds and aiortc does not know stays behind."""
    last = {"candidate": "", "sdpMid": None, "sdpMLineIndex": None}
    sent = {"candidates": [CANDIDATE | {"usernameFragment": "4ZcD"}, last]}

    status, body, _ = call("PATCH /sessions/{id}/offer", session_id=session_id, body=sent)

    assert (status, body) == (HTTPStatus.NO_CONTENT, None)
    assert agentcore.asked[-1] == (session_id, {"action": "candidates", "candidates": [CANDIDATE, last]})


@pytest.mark.parametrize("joined", [False, True])
def test_a_dead_path_gets_fresh_relays_at_both_ends(call, ledger, agentcore, session_id, joined):
    """Credentials outlive no call: whoever re-joins after minutes needs new ones, and so does the agent."""
    if joined:
        ledger_of_now().join(session_id)

    status, body, _ = call("POST /sessions/{id}/relays", session_id=session_id)

    assert (status, body.keys()) == (HTTPStatus.OK, {"ice_servers", "ice_transport_policy"})
    told, renewed = agentcore.asked[-1]
    assert (told, renewed["action"]) == (session_id, "relays")
    assert {one["credential"] for one in body["ice_servers"]} == {
        one["credential"] for one in renewed["ice_servers"] if "credential" in one
    }
    assert ledger.get(session_id).state is (State.ACTIVE if joined else State.OPEN)  # the same call goes on


def ledger_of_now() -> Ledger:
    return Ledger(aws_client("dynamodb"), TABLE)


def test_a_call_that_can_go_on_is_not_ended_for_want_of_relays(call, ledger, relays, session_id):
    """The old path may come back; only the session's first relays are a condition for it."""
    aws_client("secretsmanager").delete_secret(SecretId=relays.secret_arn, ForceDeleteWithoutRecovery=True)
    forget()  # another process of the function, which has not read the secret

    status, *_ = call("POST /sessions/{id}/relays", session_id=session_id)

    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert ledger.get(session_id).state is State.OPEN


@pytest.mark.parametrize(("route", "body"), ROUTES)
def test_anothers_session_answers_like_one_that_never_was(call, agentcore, session_id, route, body):
    """A caller who guesses ids must learn nothing, join nobody's call and bend nobody's figures."""
    before = list(agentcore.asked)

    refused = call(route, session_id=session_id, owner=BOB, body=body)
    unknown = call(route, session_id="hotline-00000000-0000-4000-8000-000000000009", owner=BOB, body=body)

    assert refused[0] == HTTPStatus.NOT_FOUND
    assert refused == unknown
    assert agentcore.asked == before


@pytest.mark.parametrize(("route", "body"), ROUTES)
def test_a_session_of_another_transport_takes_no_signaling(call, agentcore, route, body):
    """Its agent waits on a socket: an offer would only confuse it."""
    session_id = call("POST /sessions", body=WANTED)[1]["session_id"]
    before = list(agentcore.asked)

    status, told, _ = call(route, session_id=session_id, body=body)

    assert (status, "websocket" in told["detail"]) == (HTTPStatus.CONFLICT, True)
    assert agentcore.asked == before


@pytest.mark.parametrize(("route", "body"), SIGNALING)
def test_a_session_that_is_over_stays_over(call, *, ledger, agentcore, session_id, route, body):
    """An invocation would start a new microVM under the old id, for a call that nobody counts."""
    ledger.close(session_id, Reason.IDLE)
    before = list(agentcore.asked)

    status, told, _ = call(route, session_id=session_id, body=body)

    assert (status, "(idle)" in told["detail"]) == (HTTPStatus.CONFLICT, True)
    assert agentcore.asked == before


@pytest.mark.parametrize(("route", "body"), SIGNALING)
@pytest.mark.parametrize(("waited", "late"), [(55, False), (61, True)])
def test_a_way_in_ends_when_it_said(call, *, dynamodb, session_id, route, body, waited, late):
    """What was promised for a minute must not open a call an hour later; a running call may go on."""
    dynamodb.update_item(
        TableName=TABLE,
        Key={"session_id": {"S": session_id}},
        UpdateExpression="SET started_at = :then",
        ExpressionAttributeValues={":then": {"N": str(time.time() - waited)}},
    )

    before_joining = call(route, session_id=session_id, body=body)[0]
    ledger_of_now().join(session_id)
    afterwards = call(route, session_id=session_id, body=body)[0]

    assert (before_joining == HTTPStatus.CONFLICT) == late
    assert afterwards in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}


@pytest.mark.parametrize(("route", "body"), SIGNALING)
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (agent_error(400), HTTPStatus.BAD_REQUEST),
        (agent_error(422), HTTPStatus.BAD_REQUEST),
        (agent_error(409), HTTPStatus.CONFLICT),
        (agent_error(500), HTTPStatus.SERVICE_UNAVAILABLE),
        ((HTTPStatus.FORBIDDEN, "AccessDeniedException"), HTTPStatus.SERVICE_UNAVAILABLE),
    ],
)
def test_an_agents_refusal_says_whose_turn_it_is(
    call, *, ledger, agentcore, session_id, route, body, fault, status
):
    """A page makes another offer, asks for relays or gives up, depending on it; the session stays."""
    agentcore.refuses[session_id] = fault
    if status == HTTPStatus.BAD_REQUEST and not body:
        status = HTTPStatus.SERVICE_UNAVAILABLE  # the caller sent nothing that could be unusable

    refused, told, headers = call(route, session_id=session_id, body=body)

    assert (refused, headers["content-type"]) == (status, "application/problem+json")
    assert told["request_id"] == REQUEST_ID
    assert ledger.get(session_id).state is State.OPEN


def test_an_agent_that_reaches_no_relay_says_so_through_the_door(call, agentcore, session_id, caplog):
    """Whoever is woken looks at the network instead of the agent, and the page says what is missing."""
    agentcore.refuses["offer"] = agent_error(503)

    status, told, _ = call("POST /sessions/{id}/offer", session_id=session_id, body=OFFER)

    assert (status, "no relay for the audio" in told["detail"]) == (HTTPStatus.SERVICE_UNAVAILABLE, True)
    assert "way out of its subnets" in caplog.records[-1].detail


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"type": "answer"}', b'{"type": "answer", "sdp": "<html>"}', b"v=0"]
)
def test_what_is_no_answer_is_not_passed_on(call, agentcore, session_id, answer):
    """A browser would fail on it with an error that names neither the agent nor the version."""
    agentcore.answers["offer"] = answer

    status, told, _ = call("POST /sessions/{id}/offer", session_id=session_id, body=OFFER)

    assert (status, "agent does not answer" in told["detail"]) == (HTTPStatus.SERVICE_UNAVAILABLE, True)


@pytest.fixture
def published(capsys):
    """Return the metric lines that were written since the last look."""

    def read() -> list[dict]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [one for one in lines if one.get("heard_by") == "caller"]

    return read


def test_a_browsers_figures_become_metrics(call, published, session_id):
    """They are the only ones that know what the caller's own network did to the call."""
    assert call("POST /sessions/{id}/stats", session_id=session_id, body=STATS)[0] == HTTPStatus.NO_CONTENT

    (line,) = published()
    measured = {"JoinTime", "PacketLoss", "Jitter", "RoundTripTime", "IceOutcome", "RelayProtocol"}
    assert {name: line[name] for name in measured} == {
        "JoinTime": 481.5,
        "PacketLoss": 1.0,
        "Jitter": 4,
        "RoundTripTime": 52.25,
        "IceOutcome": 1,
        "RelayProtocol": 0,
    }
    assert (line["session"], line["candidate_type"], line["relay_protocol"]) == (session_id, "relay", "udp")
    assert ALICE not in str(line)


@pytest.mark.parametrize(
    ("reported", "metrics"),
    [
        ({"relay_protocol": "tls"}, {"RelayProtocol": 1}),
        ({"candidate_type": "srflx", "relay_protocol": None}, {"RelayProtocol": None, "IceOutcome": 1}),
        ({"candidate_type": None, "relay_protocol": None}, {"RelayProtocol": None, "IceOutcome": 0}),
        ({"packets_received": 0, "packets_lost": 0}, {"PacketLoss": None}),
        ({"packets_lost": -2}, {"PacketLoss": 0}),
        (
            {"join_milliseconds": None, "round_trip_milliseconds": None},
            {
                "JoinTime": None,
                "RoundTripTime": None,
                "IceOutcome": None,
                "RelayProtocol": None,
                "PacketLoss": 1,
            },
        ),
        (
            {"join_milliseconds": None, "candidate_type": None, "relay_protocol": None},
            {"IceOutcome": 0},
        ),
    ],
)
def test_what_was_not_measured_is_not_published(call, published, session_id, reported, metrics):
    """A zero for something unknown would look like the best network in the world.

    A path is counted with the join, once: a call that reports for an hour must not hide a caller without one.
    """
    call("POST /sessions/{id}/stats", session_id=session_id, body=STATS | reported)

    (line,) = published()
    assert {name: line.get(name) for name in metrics} == metrics


def test_figures_are_taken_after_the_call_as_well(call, ledger, published, session_id):
    """A page sends them when the caller hangs up, and the agent may have closed the session before."""
    ledger.close(session_id, Reason.HANG_UP)

    assert call("POST /sessions/{id}/stats", session_id=session_id, body=STATS)[0] == HTTPStatus.NO_CONTENT
    assert len(published()) == 1


def test_the_door_emits_every_metric_of_its_own(call, environment, capsys, session_id):
    """A metric that is listed and never sent is an alarm that never rings."""
    environment.setenv("HOTLINE_SESSIONS_PER_CALLER", "1")
    forget()
    call("POST /sessions", body=WANTED_WEBRTC)
    call("POST /sessions/{id}/stats", session_id=session_id, body=STATS)
    handlers.handle_schedule({}, None)

    sent = {name for line in capsys.readouterr().out.splitlines() for name in json.loads(line)}
    assert {one.name for one in METRICS if "door" in one.emitted_by} - sent == set()


def test_neither_passwords_nor_addresses_reach_a_log(call, agentcore, caplog, capsys):
    """A session description names the caller's addresses, and a relay's password opens it for a while."""
    caplog.set_level(logging.DEBUG, logger="runtime")
    caplog.set_level(logging.DEBUG, logger="turn")
    invitation = call("POST /sessions", body=WANTED_WEBRTC)[1]
    session_id = invitation["session_id"]
    for fault in (None, agent_error(400), agent_error(500)):
        agentcore.refuses = {session_id: fault} if fault else {}
        for route, body in ROUTES:
            call(route, session_id=session_id, body=body)
            call(route, session_id=session_id, owner=BOB, body=body)

    printed = capsys.readouterr().out + "".join(str(vars(record)) for record in caplog.records)
    assert session_id in printed  # so that the test sees what is logged
    secrets = (RELAY_SECRET, invitation["ice_servers"][0]["credential"], "v=0", "192.0.2.7", ALICE, BOB)
    assert [one for one in secrets if one in printed] == []


def test_an_encoded_offer_is_an_offer(call, session_id):
    """API Gateway encodes bodies of content types that it does not know to be text."""
    body = base64.b64encode(json.dumps(OFFER).encode()).decode()
    route = "POST /sessions/{id}/offer"

    assert call(route, session_id=session_id, body=body, isBase64Encoded=True)[0] == HTTPStatus.OK
