"""Who comes without a sign-in, with something that opens nothing: refused, and nothing is created.

Each request takes the way that API Gateway takes: the authorizer is asked, and what it lets pass reaches the
handler with what it said.  Tokens are sealed by a KMS, and rows written by a DynamoDB, that serve requests side
by side.
"""

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from uuid import uuid4

import pytest

from runtime.door import authorizer, handlers
from runtime.door.tokens import Kind, Sealer, Token
from runtime.settings.guests import GuestSettings
from scripts.embedded.clients import make_client
from tests.door.conftest import REGION, create_table
from tests.door.gateway import ALICE, BOB, WANTED, event, forget
from tests.door.guests import asking, create_key
from tests.door.ministack import KEYS, ministack
from turn.settings import CoturnSettings

ALICES = {"authorizer": {"iam": {"userArn": ALICE}}}
BOBS = {"authorizer": {"iam": {"userArn": BOB}}}
UNKNOWN = "hotline-00000000-0000-4000-8000-000000000009"


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


class Door:
    """A stage that lets guests in, and all that it has created."""

    def __init__(self, aws, agentcore, settings, table):
        self._dynamodb = make_client("dynamodb", url=aws, region=REGION, **KEYS)
        self._kms = make_client("kms", url=aws, region=REGION, **KEYS)
        create_table(self._dynamodb, table)
        self._table = table
        self.settings = settings
        self.agentcore = agentcore

    def call(self, route, caller, *, session_id="", invite_id="", body="", headers=None):
        """Send a request as somebody whom API Gateway has authenticated; returns status, body and headers."""
        made = event(route, session_id, ALICE, body)
        if invite_id:
            made["pathParameters"] = {"invite": invite_id}
        made["requestContext"] |= caller
        made["headers"] |= headers or {}
        response = handlers.handle_request(made, None)
        return response["statusCode"], json.loads(response.get("body", "null")), response["headers"]

    def visit(self, route, token, *, session_id="", body="", **more):
        """Send a request with *token*; what the authorizer refuses, API Gateway answers 403."""
        verdict = authorizer.handle_authorization(asking(route, token, session_id), None)
        if not verdict["isAuthorized"]:
            return HTTPStatus.FORBIDDEN, None, {}
        caller = {"authorizer": {"lambda": verdict["context"]}}
        return self.call(route, caller, session_id=session_id, body=body, **more)

    def redeem(self, token, **more):
        return self.visit("POST /guest/sessions", token, body=WANTED, **more)

    def invite(self, caller=ALICES):
        return self.invite_with_id(caller)[0]

    def invite_with_id(self, caller=ALICES):
        status, body, _ = self.call("POST /invites", caller)
        assert status == HTTPStatus.CREATED
        return body["invite"], body["invite_id"]

    def withdraw(self, invite_id, caller=ALICES):
        return self.call("DELETE /invites/{invite}", caller, invite_id=invite_id)

    def seal(self, token, key=None):
        return Sealer(self._kms, key or self.settings.invite_key).seal(token)

    def other_key(self):
        return create_key(self._kms)

    def rows(self):
        """The sessions that there are, without what callers' pace is remembered by."""
        found = self._dynamodb.scan(TableName=self._table)["Items"]
        return [one for one in found if one["session_id"]["S"].startswith("hotline-")]

    def created(self):
        """All that a request can leave behind: what is in the table, and what the agent was asked."""
        found = self._dynamodb.scan(TableName=self._table)["Items"]
        kept = [one for one in found if not one["session_id"]["S"].startswith("pace-of-")]
        return sorted(map(json.dumps, kept)), list(self.agentcore.asked), list(self.agentcore.stopped)


@pytest.fixture
def door(aws, agentcore, door_settings, monkeypatch):
    table = f"ledger-{uuid4().hex[:8]}"
    key = create_key(make_client("kms", url=aws, region=REGION, **KEYS))
    guests = GuestSettings(
        stage="test",
        region=REGION,
        invite_key=key,
        invite_seconds=600,
        invites_per_minute=60,
        guest_call_seconds=120,
        guest_concurrency=3,
        guests_per_inviter=2,
    )
    settings = replace(
        door_settings,
        ledger_table=table,
        concurrency=10,
        sessions_per_caller=10,
        allowed_origins="https://calls.corp.example",
    )
    relays = CoturnSettings(addresses=("192.0.2.7",), realm="turn.test", secret_arn="arn:aws:none")
    named = settings.to_environment() | guests.to_environment() | relays.to_environment()
    keys = {"AWS_ACCESS_KEY_ID": KEYS["access_key"], "AWS_SECRET_ACCESS_KEY": KEYS["secret"]}
    for name, value in {**named, **keys, "AWS_ENDPOINT_URL": aws, "AWS_DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    forget()
    authorizer._verifier.cache_clear()
    yield Door(aws, agentcore, guests, table)
    forget()
    authorizer._verifier.cache_clear()


def an_invite(**differently):
    token = Token(
        kind=Kind.INVITE,
        stage="test",
        invite_id=uuid4().hex,
        session_id="",
        expires_at=int(time.time()) + 600,
    )
    return replace(token, **differently)


def test_an_invite_opens_one_session_of_its_guest(door):
    """What all the others are compared with: this is what a good link does."""
    status, body, _ = door.redeem(door.invite())

    assert (status, body["limits"]) == (HTTPStatus.CREATED, {"call_seconds": 120})
    (row,) = door.rows()
    assert row["session_id"]["S"] == body["session_id"]
    assert row["owner"]["S"].startswith("guest:")
    assert row["call_seconds"] == {"N": "120"}
    shown = door.visit("GET /guest/sessions/{id}", body["token"], session_id=body["session_id"])
    ended = door.visit("DELETE /guest/sessions/{id}", body["token"], session_id=body["session_id"])
    assert (shown[1]["state"], ended[1]["reason"]) == ("open", "stopped")


def test_a_replayed_invite_opens_nothing(door):
    """Whoever finds the link in somebody's mailbox comes too late."""
    invite = door.invite()
    door.redeem(invite)
    before = door.created()

    status, told, headers = door.redeem(invite)

    assert status == HTTPStatus.GONE
    assert headers["content-type"] == "application/problem+json"
    assert "another" in told["detail"]
    assert door.created() == before


def test_a_withdrawn_invite_opens_nothing(door):
    """Sent to the wrong address, or found in the wrong mailbox: whoever sent it takes it back."""
    invite, invite_id = door.invite_with_id()

    assert door.withdraw(invite_id)[:2] == (HTTPStatus.OK, {"invite_id": invite_id, "was_redeemed": False})
    before = door.created()

    status, told, _ = door.redeem(invite)
    assert (status, "another" in told["detail"]) == (HTTPStatus.GONE, True)
    assert door.created() == before


def test_a_withdrawn_invite_ends_the_call_that_came_of_it(door):
    """And the token that its guest holds is worth nothing, whatever it is shown for."""
    invite, invite_id = door.invite_with_id()
    _, own, _ = door.redeem(invite)

    for _ in range(2):  # whoever is not sure whether it arrived asks again
        status, told, _ = door.withdraw(invite_id)
        assert (status, told["was_redeemed"]) == (HTTPStatus.OK, True)

    (row,) = door.rows()
    assert (row["state"]["S"], row["reason"]["S"]) == ("closed", "stopped")
    assert set(door.agentcore.stopped) == {own["session_id"]}
    before = door.created()
    for route in ("GET", "DELETE", "POST {}/relays"):
        key = route.format("/guest/sessions/{id}") if "{}" in route else f"{route} /guest/sessions/{{id}}"
        assert door.visit(key, own["token"], session_id=own["session_id"])[0] == HTTPStatus.GONE
    assert door.created() == before


def test_an_invite_that_is_withdrawn_while_it_is_redeemed_opens_nothing(door):
    """Whoever withdraws it in this moment finds no session to end; whoever opens that must find out."""
    invite, invite_id = door.invite_with_id()
    answer = door.agentcore.serve

    def withdrawn_meanwhile(operation, session_id, body):
        door.agentcore.serve = answer
        assert door.withdraw(invite_id)[0] == HTTPStatus.OK
        return answer(operation, session_id, body)

    door.agentcore.serve = withdrawn_meanwhile
    status, told, _ = door.redeem(invite)

    assert status == HTTPStatus.GONE
    assert "url" not in told
    assert [row["state"]["S"] for row in door.rows()] == ["closed"]
    assert set(door.agentcore.stopped) == {door.agentcore.asked[0][0]}


def test_nobody_withdraws_anothers_invite(door):
    """Neither somebody else who may call, nor the guest, nor whoever comes by one of their routes."""
    invite, invite_id = door.invite_with_id()
    guest = {"authorizer": {"lambda": {"invite": invite_id, "session": ""}}}
    before = door.created()

    foreign, unknown = door.withdraw(invite_id, BOBS), door.withdraw("0f" * 16, BOBS)
    assert foreign[0] == unknown[0] == HTTPStatus.NOT_FOUND
    assert foreign[1]["detail"] == unknown[1]["detail"]
    assert door.withdraw(invite_id, guest)[0] == HTTPStatus.FORBIDDEN
    assert door.created() == before
    assert door.redeem(invite)[0] == HTTPStatus.CREATED


def test_an_ended_call_does_not_make_its_invite_good_again(door):
    """One invite, one call; not one at a time."""
    invite = door.invite()
    _, body, _ = door.redeem(invite)
    door.visit("DELETE /guest/sessions/{id}", body["token"], session_id=body["session_id"])

    assert door.redeem(invite)[0] == HTTPStatus.GONE


def test_of_fifty_who_come_with_one_link_one_gets_in(door):
    """A link that is posted in public is one guest, and not as many as there are places."""
    invite = door.invite()
    start = threading.Barrier(50)

    def rush(_):
        start.wait()
        return door.redeem(invite)[0]

    with ThreadPoolExecutor(50) as pool:
        statuses = Counter(pool.map(rush, range(50)))

    assert statuses == {HTTPStatus.CREATED: 1, HTTPStatus.GONE: 49}
    assert len(door.rows()) == len(door.agentcore.asked) == 1


def test_an_expired_invite_opens_nothing(door):
    """The clock that counts is the authorizer's, and behind it the door's own."""
    before = door.created()

    assert door.redeem(door.seal(an_invite(expires_at=int(time.time()))))[0] == HTTPStatus.FORBIDDEN
    assert door.created() == before


def test_an_altered_invite_opens_nothing(door):
    """One character, wherever it is."""
    invite = door.invite()
    before = door.created()

    for position in (0, 5, invite.index(".") - 1, invite.index(".") + 1, len(invite) - 1):
        other = "A" if invite[position] != "A" else "B"
        altered = invite[:position] + other + invite[position + 1 :]
        assert door.redeem(altered)[0] == HTTPStatus.FORBIDDEN
    assert door.created() == before
    assert door.redeem(invite)[0] == HTTPStatus.CREATED  # and the real one is as good as before


def test_another_stages_invite_opens_nothing(door):
    """Neither one with another key's seal, nor one of another name with ours."""
    before = door.created()

    assert door.redeem(door.seal(an_invite(), door.other_key()))[0] == HTTPStatus.FORBIDDEN
    assert door.redeem(door.seal(an_invite(stage="other")))[0] == HTTPStatus.FORBIDDEN
    assert door.created() == before


def test_a_good_seal_on_an_invite_that_nobody_made_opens_nothing(door):
    """Whoever could seal would still have to write to the ledger."""
    before = door.created()

    assert door.redeem(door.seal(an_invite()))[0] == HTTPStatus.GONE
    assert door.created() == before


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("GET /guest/sessions/{id}", ""),
        ("DELETE /guest/sessions/{id}", ""),
        ("POST /guest/sessions/{id}/offer", '{"type": "offer", "sdp": "v=0\\r\\n"}'),
        ("POST /guest/sessions/{id}/relays", ""),
    ],
)
def test_a_guests_token_opens_no_other_session(door, route, body):
    """Not another guest's of the same inviter, not the inviter's own, and none that never was."""
    _, own, _ = door.redeem(door.invite())
    _, others, _ = door.redeem(door.invite())
    _, alices, _ = door.call("POST /sessions", ALICES, body=WANTED)
    before = door.created()

    for session_id in (others["session_id"], alices["session_id"], UNKNOWN):
        status, _, _ = door.visit(route, own["token"], session_id=session_id, body=body)
        assert status == HTTPStatus.FORBIDDEN
    assert door.created() == before


@pytest.mark.parametrize("route", ["GET /guest/sessions/{id}", "DELETE /guest/sessions/{id}"])
def test_a_line_that_is_wrong_in_a_template_lets_no_guest_at_another_session(door, route):
    """Were the authorizer's answer cached, or its check lost, the door itself would still compare."""
    _, own, _ = door.redeem(door.invite())
    _, others, _ = door.redeem(door.invite())
    as_another = {"authorizer": {"lambda": {"invite": "0f" * 16, "session": own["session_id"]}}}
    before = door.created()

    assert door.call(route, as_another, session_id=others["session_id"])[0] == HTTPStatus.FORBIDDEN
    assert door.call(route, as_another, session_id=own["session_id"])[0] == HTTPStatus.NOT_FOUND
    assert door.created() == before


@pytest.mark.parametrize("route", ["POST /sessions", "POST /invites", "GET /sessions/{id}"])
def test_a_guest_is_no_signed_in_caller(door, route):
    """API Gateway asks another authorizer there; the door would not take this one's word either."""
    _, own, _ = door.redeem(door.invite())
    guest = {"authorizer": {"lambda": {"invite": "0f" * 16, "session": ""}}}
    before = door.created()

    assert door.call(route, guest, session_id=own["session_id"], body=WANTED)[0] == HTTPStatus.FORBIDDEN
    assert door.created() == before


def test_a_signed_in_caller_is_no_guest(door):
    """The caps of guests are for guests, and their sessions are theirs."""
    _, own, _ = door.redeem(door.invite())
    before = door.created()

    assert door.call("POST /guest/sessions", ALICES, body=WANTED)[0] == HTTPStatus.FORBIDDEN
    for path in ("/sessions/{id}", "/guest/sessions/{id}"):
        status, _, _ = door.call(f"DELETE {path}", ALICES, session_id=own["session_id"])
        assert status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
    assert door.created() == before


def test_guests_of_one_inviter_and_all_guests_have_a_cap(door):
    """Nobody fills a stage by handing out links; and a full house leaves a link as good as it was."""
    for _ in range(2):
        assert door.redeem(door.invite())[0] == HTTPStatus.CREATED
    waiting = door.invite()
    before = door.rows()

    status, told, headers = door.redeem(waiting)
    assert (status, headers["retry-after"]) == (HTTPStatus.TOO_MANY_REQUESTS, "10")
    assert door.rows() == before
    assert door.redeem(door.invite(BOBS))[0] == HTTPStatus.CREATED  # the third and last of all
    assert door.redeem(door.invite(BOBS))[0] == HTTPStatus.TOO_MANY_REQUESTS
    assert "token" not in told

    ended = door.call("DELETE /sessions/{id}", ALICES, session_id=before[0]["session_id"]["S"])
    assert ended[0] == HTTPStatus.NOT_FOUND  # it is the guest's, not the inviter's
    assert len(door.rows()) == 3


def test_caps_of_guests_hold_when_all_come_at_once(door):
    """Thirty links, thirty guests, two places."""
    invites = [door.invite() for _ in range(30)]
    start = threading.Barrier(30)

    def rush(invite):
        start.wait()
        return door.redeem(invite)[0]

    with ThreadPoolExecutor(30) as pool:
        statuses = Counter(pool.map(rush, invites))

    assert statuses == {HTTPStatus.CREATED: 2, HTTPStatus.TOO_MANY_REQUESTS: 28}
    assert len(door.rows()) == 2


def test_a_guest_whose_agent_does_not_wake_may_come_again(door):
    """It is not their fault, and nobody should have to ask a person for another link because of ours."""
    invite = door.invite()
    door.agentcore.refuses["wake"] = (HTTPStatus.TOO_MANY_REQUESTS, "ThrottlingException")

    status, told, _ = door.redeem(invite)
    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "token" not in told
    assert [row["state"]["S"] for row in door.rows()] == ["closed"]

    door.agentcore.refuses.clear()
    assert door.redeem(invite)[0] == HTTPStatus.CREATED
    assert door.redeem(invite)[0] == HTTPStatus.GONE


def test_a_door_that_lets_no_guests_in_has_no_such_route(door, monkeypatch):
    """Even if the template had."""
    monkeypatch.delenv("HOTLINE_INVITE_KEY")
    forget()

    assert door.call("POST /invites", ALICES)[0] == HTTPStatus.NOT_FOUND
    assert door.rows() == []


def test_invites_are_made_no_faster_than_the_stage_allows(door, monkeypatch):
    """A stolen token must not turn into a thousand links that outlive it."""
    monkeypatch.setenv("HOTLINE_INVITES_PER_MINUTE", "5")
    forget()

    statuses = Counter(door.call("POST /invites", ALICES)[0] for _ in range(8))
    assert statuses == {HTTPStatus.CREATED: 5, HTTPStatus.TOO_MANY_REQUESTS: 3}
    assert door.call("POST /invites", BOBS)[0] == HTTPStatus.CREATED


def test_sessions_are_begun_no_faster_than_the_stage_allows(door, monkeypatch):
    """Opening and hanging up in a loop stays below every cap, and starts a microVM each time."""
    monkeypatch.setenv("HOTLINE_SESSIONS_PER_CALLER_AND_MINUTE", "3")
    forget()

    for _ in range(3):
        _, body, _ = door.call("POST /sessions", ALICES, body=WANTED)
        door.call("DELETE /sessions/{id}", ALICES, session_id=body["session_id"])
    before = door.created()
    status, told, headers = door.call("POST /sessions", ALICES, body=WANTED)

    assert (status, headers["retry-after"]) == (HTTPStatus.TOO_MANY_REQUESTS, "20")
    assert "3 sessions in a minute" in told["detail"]
    assert door.created() == before


def test_the_pace_holds_when_all_requests_come_at_once(door, monkeypatch):
    """Two functions that read before they write would both let in the last."""
    monkeypatch.setenv("HOTLINE_INVITES_PER_MINUTE", "5")
    forget()
    start = threading.Barrier(30)

    def rush(_):
        start.wait()
        return door.call("POST /invites", ALICES)[0]

    with ThreadPoolExecutor(30) as pool:
        statuses = Counter(pool.map(rush, range(30)))

    # A token comes back every twelve seconds, and a busy machine may take some for thirty requests.
    assert statuses[HTTPStatus.CREATED] in {5, 6}
    assert statuses[HTTPStatus.CREATED] + statuses[HTTPStatus.TOO_MANY_REQUESTS] == 30


FOREIGN = [
    {"sec-fetch-site": "cross-site", "origin": "https://elsewhere.example"},
    {"sec-fetch-site": "same-site", "origin": "https://other.corp.example"},
    {"sec-fetch-site": "cross-site", "origin": "null"},
    {"sec-fetch-site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_from_elsewhere_opens_nothing_with_anybodys_token(door, headers):
    """CORS keeps it from reading the answer; this keeps it from having been answered."""
    invite = door.invite()
    before = door.created()

    assert door.call("POST /sessions", ALICES, body=WANTED, headers=headers)[0] == HTTPStatus.FORBIDDEN
    assert door.call("POST /invites", ALICES, headers=headers)[0] == HTTPStatus.FORBIDDEN
    assert door.redeem(invite, headers=headers)[0] == HTTPStatus.FORBIDDEN
    assert door.created() == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin", "origin": "https://d111111abcdef8.cloudfront.net"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site", "origin": "https://calls.corp.example"},
    ],
)
def test_our_own_page_a_named_one_and_programs_are_served(door, headers):
    """The rule must not lock out those that it protects."""
    assert door.call("POST /sessions", ALICES, body=WANTED, headers=headers)[0] == HTTPStatus.CREATED


def test_every_answer_guards_itself_and_names_its_request(door):
    """No page may frame, sniff, keep or refer from it; and whoever asks for help can quote it."""
    answers = [
        door.call("POST /sessions", ALICES, body=WANTED),
        door.call("POST /sessions", ALICES, body="junk"),
        door.call("GET /sessions/{id}", ALICES, session_id=UNKNOWN),
        door.call("POST /sessions", ALICES, body=WANTED, headers=FOREIGN[0]),
        door.call("PUT /sessions", ALICES),
        door.call("POST /invites", ALICES),
        door.redeem(door.seal(an_invite())),
    ]

    assert [status for status, _, _ in answers] == [201, 400, 404, 403, 404, 201, 410]
    for _, _, headers in answers:
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-request-id"]
        assert headers.keys().isdisjoint({"server", "x-powered-by", "x-amzn-trace-id", "set-cookie"})


def test_neither_tokens_nor_query_strings_nor_people_reach_a_log(door, caplog, capsys):
    """Pre-signed addresses and links are bearers' tokens; logs are read by more people than may call."""
    caplog.set_level("DEBUG", logger="runtime")
    invite = door.invite()
    _, body, _ = door.redeem(invite)
    door.redeem(invite)
    made = event("GET /guest/sessions/{id}", UNKNOWN, ALICE, "") | {
        "rawQueryString": "X-Amz-Signature=queried",
        "queryStringParameters": {"X-Amz-Signature": "queried"},
    }
    handlers.handle_request(made, None)

    logged = capsys.readouterr().out + "".join(str(vars(record)) for record in caplog.records)
    assert body["session_id"] in logged  # so that the test sees what is logged
    secrets = (invite, body["token"], body["url"].partition("?")[2], "queried", ALICE)
    assert [one for one in secrets if one in logged] == []
