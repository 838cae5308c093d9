import itertools
import json
import logging
from http import HTTPStatus

import pytest

from runtime.door.errors import CallerUnknownError
from runtime.door.owner import owner_of, user
from tests.door.conftest import items
from tests.door.gateway import (
    ALICE,
    BOB,
    CAROL,
    CAROLS,
    ISSUER,
    WANTED,
    WANTED_WEBRTC,
    event,
    holding_token_of,
)

CANDIDATE = {"candidate": "candidate:1 1 udp 1 192.0.2.7 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
ROUTES = {
    "GET /sessions/{id}": "",
    "DELETE /sessions/{id}": "",
    "POST /sessions/{id}/offer": {"type": "offer", "sdp": "v=0\r\n"},
    "PATCH /sessions/{id}/offer": {"candidates": [CANDIDATE]},
    "POST /sessions/{id}/relays": "",
}


def test_a_person_is_the_same_one_at_every_request():
    """Otherwise nobody could end the call that they began."""
    assert owner_of(holding_token_of(CAROL)) == owner_of(holding_token_of(CAROL)) == CAROLS


def test_a_subject_is_somebody_below_their_issuer_only():
    """Two issuers may both have a user 1; neither may be the other, however the two are put together."""
    people = itertools.product(
        ("https://a.example", "https://a.example/1", "https://b.example"), ("1", "11", "/1")
    )

    owners = [user(issuer, subject) for issuer, subject in people]

    assert len(set(owners)) == len(owners)


def test_nobody_can_choose_a_name_that_is_another_kind_of_callers():
    """An issuer that lets people name themselves must not let one be a role of the account, or a guest."""
    for subject in (ALICE, "guest:0f0f", "phone:1", CAROLS):
        owner = owner_of(holding_token_of(subject))
        assert owner != subject
        assert owner.startswith("user:")


@pytest.mark.parametrize(
    "authorizer",
    [
        {},
        {"jwt": None},
        {"jwt": {"claims": None}},
        {"jwt": {"claims": {"iss": ISSUER}}},
        {"jwt": {"claims": {"sub": CAROL}}},
        {"jwt": {"claims": {"iss": ISSUER, "sub": ""}}},
        {"jwt": {"claims": {"iss": "", "sub": CAROL}}},
        {"jwt": {"claims": {"iss": ISSUER, "sub": ["a"]}}},
        {"iam": {}},
        {"iam": {"userArn": ""}},
        {"claims": {"iss": ISSUER, "sub": CAROL}},
    ],
)
def test_who_is_not_known_is_refused(authorizer):
    """A session without an owner would be everybody's."""
    with pytest.raises(CallerUnknownError):
        owner_of(authorizer)


def test_neither_address_nor_subject_is_kept(call, dynamodb, caplog, capsys):
    """The ledger has a copy in every backup, and logs have many readers."""
    caplog.set_level(logging.DEBUG)

    status, body, _ = call("POST /sessions", owner=CAROL, body=WANTED)
    call("GET /sessions/{id}", owner=CAROL, session_id=body["session_id"])

    assert status == HTTPStatus.CREATED
    kept = (
        json.dumps(items(dynamodb))
        + capsys.readouterr().out
        + "".join(str(vars(one)) for one in caplog.records)
    )
    assert CAROLS in kept
    assert CAROL not in kept
    assert "owner" not in body


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("stranger", [ALICE, BOB, "dave", CAROLS])
def test_nobody_reads_joins_or_stops_what_somebody_else_began(call, dynamodb, agentcore, route, stranger):
    """To others a session is one that never was, so that ids cannot be tried out."""
    session_id = call("POST /sessions", owner=CAROL, body=WANTED_WEBRTC)[1]["session_id"]
    before, asked = items(dynamodb), list(agentcore.asked)

    refused = call(route, session_id=session_id, owner=stranger, body=ROUTES[route])

    assert refused[0] == HTTPStatus.NOT_FOUND
    assert items(dynamodb) == before
    assert (agentcore.asked, agentcore.stopped) == (asked, [])
    assert call("GET /sessions/{id}", session_id=session_id, owner=CAROL)[1]["state"] == "open"


def test_the_same_subject_of_another_issuer_is_somebody_else(call):
    """An authorizer that is changed to another issuer must not hand over the sessions of the first."""
    session_id = call("POST /sessions", owner=CAROL, body=WANTED)[1]["session_id"]
    context = event("GET /sessions/{id}", session_id, CAROL, "")["requestContext"]
    context["authorizer"] = holding_token_of(CAROL, issuer="https://other.example.com")

    status, _, _ = call("GET /sessions/{id}", session_id=session_id, requestContext=context)

    assert status == HTTPStatus.NOT_FOUND
