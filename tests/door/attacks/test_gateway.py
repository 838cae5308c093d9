"""What the gateway itself keeps away, as a stage deploys it: floods, foreign pages, and guests on others' ways."""

import json
import re
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from itertools import repeat
from urllib.parse import urlsplit

import pytest

from stacks.config import DoorConfig, GuestsConfig
from tests.door.attacks.real_gateway import real_gateway

OURS, ELSEWHERE = "https://calls.corp.example", "https://elsewhere.example"
WANTED = {"transport": "websocket"}
SESSIONS = 8
"""As many as may be open at once."""
HANDFUL = 25
"""Requests that a flood sends before it looks at an answer."""
STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3}) ")

CONFIG = DoorConfig(
    allowed_origins=[OURS],
    requests_per_second=1_000,
    request_burst=2_000,
    new_sessions_per_second=5,
    new_session_burst=25,
)
GUESTS = GuestsConfig(
    concurrency=5, concurrency_per_inviter=5, requests_per_second=1_000, request_burst=2_000
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with real_gateway(
        tmp_path_factory.mktemp("gateway"), config=CONFIG, guests=GUESTS, concurrency=SESSIONS
    ) as running:
        yield running


@pytest.fixture(scope="module")
def alice(gateway):
    return gateway.tokens.access("alice", client_id="page", scopes=("openid", "call"))


@pytest.fixture(scope="module")
def invited(gateway, alice):
    """An invite that has been redeemed, and what came of it."""
    invite = gateway.ask("POST", "/invites", alice).json()["invite"]
    return invite, gateway.ask("POST", "/guest/sessions", invite, WANTED).json()


@pytest.fixture
def nothing_left(gateway, invited):  # noqa: ARG001 - what it leaves is there before
    before = gateway.traces()
    yield
    assert gateway.traces() == before


leaves_nothing = pytest.mark.usefixtures("nothing_left")


def test_a_guest_comes_in_by_an_invite_and_has_one_session(gateway, invited):
    """The way that all the others are kept from: API Gateway, authorizer, KMS, function, ledger, agent."""
    _, session = invited
    path = f"/guest/sessions/{session['session_id']}"

    assert session["limits"] == {"call_seconds": 300}
    assert gateway.ask("GET", path, session["token"]).json()["state"] == "open"
    assert [asked for asked, _ in gateway.agentcore.asked] == [session["session_id"]]


@leaves_nothing
def test_a_replayed_invite_is_gone(gateway, invited):
    """Whoever finds the link comes too late, and is told so in words."""
    refused = gateway.ask("POST", "/guest/sessions", invited[0], WANTED)

    assert refused.status_code == HTTPStatus.GONE
    assert refused.headers["content-type"] == "application/problem+json"


@leaves_nothing
@pytest.mark.parametrize("token", [None, "junk", "a.b", "e30." + "A" * 43])
def test_what_is_no_invite_does_not_reach_the_door(gateway, token):
    """401 without a token, 403 with one that is none; the agent hears of neither."""
    refused = gateway.ask("POST", "/guest/sessions", token, WANTED)

    assert refused.status_code == (HTTPStatus.FORBIDDEN if token else HTTPStatus.UNAUTHORIZED)


@leaves_nothing
def test_a_callers_token_is_no_invite_and_a_guests_no_callers(gateway, invited, alice):
    """Each way has its own authorizer, and each takes only its own kind."""
    invite, session = invited
    path = session["session_id"]

    for guests in (invite, session["token"]):
        assert gateway.open(guests).status_code == HTTPStatus.UNAUTHORIZED
        assert gateway.ask("POST", "/invites", guests).status_code == HTTPStatus.UNAUTHORIZED
        assert gateway.ask("DELETE", f"/sessions/{path}", guests).status_code == HTTPStatus.UNAUTHORIZED
    assert gateway.ask("POST", "/guest/sessions", alice, WANTED).status_code == HTTPStatus.FORBIDDEN
    assert gateway.ask("DELETE", f"/guest/sessions/{path}", alice).status_code == HTTPStatus.FORBIDDEN
    assert gateway.ask("DELETE", f"/sessions/{path}", alice).status_code == HTTPStatus.NOT_FOUND


def test_an_invite_is_withdrawn_by_whoever_made_it_and_by_nobody_else(gateway, invited, alice):
    """With the rights that the deployed function has, and by the way that a stranger comes."""
    made = gateway.ask("POST", "/invites", alice).json()
    path, guest = f"/invites/{made['invite_id']}", invited[1]["token"]
    bob = gateway.tokens.access("bob", client_id="page", scopes=("openid", "call"))
    before = gateway.traces()

    assert gateway.ask("DELETE", path, None).status_code == HTTPStatus.UNAUTHORIZED
    for guests in (made["invite"], guest):
        assert gateway.ask("DELETE", path, guests).status_code == HTTPStatus.UNAUTHORIZED
    assert gateway.ask("DELETE", path, bob).status_code == HTTPStatus.NOT_FOUND
    for junk in ("0f" * 16, "..%2Fsessions", "%00", "x" * 3_000):
        assert gateway.ask("DELETE", f"/invites/{junk}", alice).status_code == HTTPStatus.NOT_FOUND
    assert gateway.traces() == before

    assert gateway.ask("DELETE", path, alice).json() == {
        "invite_id": made["invite_id"],
        "was_redeemed": False,
    }
    assert gateway.ask("POST", "/guest/sessions", made["invite"], WANTED).status_code == HTTPStatus.GONE


@leaves_nothing
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_guests_token_is_for_its_session_alone(gateway, invited, method):
    """The authorizer compares the path, and none of its answers is kept for another."""
    invite, session = invited
    other = "/guest/sessions/hotline-00000000-0000-4000-8000-000000000009"

    assert gateway.ask("GET", f"/guest/sessions/{session['session_id']}", session["token"]).is_success
    assert gateway.ask(method, other, session["token"]).status_code == HTTPStatus.FORBIDDEN
    assert gateway.ask(method, other, invite).status_code == HTTPStatus.FORBIDDEN


def preflight(gateway, path, origin):
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    return gateway.send("OPTIONS", path, headers=asked)


@leaves_nothing
@pytest.mark.parametrize("path", ["/sessions", "/guest/sessions", "/invites"])
@pytest.mark.parametrize(
    "origin", [ELSEWHERE, "null", OURS + ".elsewhere.example", "http://calls.corp.example"]
)
def test_a_page_from_elsewhere_is_not_allowed_to_ask(gateway, path, origin):
    """A browser that gets this answer sends nothing; and none of it is a wildcard."""
    answer = preflight(gateway, path, origin)

    assert [name for name in answer.headers if name.startswith("access-control-allow")] == []


def test_a_named_page_may_ask_without_ambient_credentials(gateway):
    """Its own origin, what it sends, what it may read: and no cookies, which nothing here has."""
    answer = preflight(gateway, "/sessions", OURS)

    assert answer.headers["access-control-allow-origin"] == OURS
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers


@leaves_nothing
def test_a_request_that_a_foreign_page_sends_all_the_same_is_refused(gateway, alice):
    """Not every browser asks before it sends, and API Gateway lets through what it was not asked about."""
    sent = {
        "authorization": f"Bearer {alice}",
        "origin": ELSEWHERE,
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "cors",
    }
    answer = gateway.send("POST", "/invites", headers=sent)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "access-control-allow-origin" not in answer.headers


@leaves_nothing
def test_what_the_gateway_refuses_by_itself_names_its_request(gateway, alice):
    """The door's own answers have `x-request-id`; the gateway's have only this, and nobody can add to them."""
    by_the_gateway = [
        gateway.open(None),
        gateway.ask("POST", "/guest/sessions", "junk", WANTED),
        gateway.ask("GET", "/nowhere", alice),
    ]
    by_the_door = gateway.ask("GET", "/sessions/hotline-none", alice)

    assert [one.status_code for one in by_the_gateway] == [401, 403, 404]
    assert all(one.headers["apigw-requestid"] for one in (*by_the_gateway, by_the_door))
    assert by_the_door.headers["x-request-id"]
    assert by_the_door.json()["request_id"] == by_the_door.headers["x-request-id"]


def test_ten_thousand_requests_in_a_burst_open_what_the_caps_allow(gateway, alice):
    """Most are turned away before anybody asks who sends them; the rest finds that places end."""
    with ThreadPoolExecutor(8) as pool:
        statuses = sum(pool.map(flood, repeat(gateway.url, 20), repeat(alice), repeat(500)), Counter())

    rows, _, _ = gateway.traces()
    open_rows = [row for row in rows if row.get("state") == {"S": "open"}]
    throttled = statuses[HTTPStatus.TOO_MANY_REQUESTS]
    assert statuses.total() == 10_000
    assert statuses.keys() == {HTTPStatus.CREATED, HTTPStatus.TOO_MANY_REQUESTS}
    assert len(open_rows) == SESSIONS
    assert statuses[HTTPStatus.CREATED] == SESSIONS - 1  # the guest has one
    assert throttled == 10_000 - statuses[HTTPStatus.CREATED]
    assert len(gateway.agentcore.asked) == SESSIONS


def flood(url: str, token: str, times: int) -> Counter:
    """Send as many requests for a session over one connection, a handful at a time, as no client waits to be told."""
    where, body = urlsplit(url), json.dumps(WANTED)
    request = (
        f"POST {where.path}/sessions HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    statuses: Counter = Counter()
    with socket.create_connection((where.hostname, where.port), timeout=60) as connection:
        for _ in range(times // HANDFUL):
            connection.sendall(request * HANDFUL)
            answers = b""
            while len(found := STATUS_LINE.findall(answers)) < HANDFUL:
                answers += connection.recv(65_536) or pytest.fail("the gateway hung up")
            statuses.update(HTTPStatus(int(status)) for status in found)
    return statuses
