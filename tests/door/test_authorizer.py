"""What API Gateway is told about who wants to pass as a guest."""

import logging
import time
from dataclasses import replace

import pytest

from runtime.door import authorizer
from runtime.door.errors import KeyUnavailableError
from runtime.door.tokens import Kind, Sealer, Token
from runtime.errors import SettingsError
from runtime.settings.guests import GuestGateSettings
from tests.door.conftest import REGION, aws_client
from tests.door.guests import asking, create_key

OWN = "hotline-00000000-0000-4000-8000-000000000001"
ANOTHERS = "hotline-00000000-0000-4000-8000-000000000002"
LONG_FROM_NOW = 4_102_444_800  # 2100: the tests may run long after this file was read
INVITE = Token(kind=Kind.INVITE, stage="test", invite_id="0f" * 16, session_id="", expires_at=LONG_FROM_NOW)
GUEST = replace(INVITE, kind=Kind.GUEST, session_id=OWN)
REFUSED = {"isAuthorized": False}


@pytest.fixture
def key(monkeypatch, dynamodb) -> str:  # noqa: ARG001 - it is what starts moto
    key = create_key(aws_client("kms"))
    settings = GuestGateSettings(stage="test", region=REGION, invite_key=key)
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    authorizer._verifier.cache_clear()
    yield key
    authorizer._verifier.cache_clear()


@pytest.fixture
def sealed(key):
    return Sealer(aws_client("kms"), key).seal


def judged(route, token, session_id=""):
    return authorizer.handle_authorization(asking(route, token, session_id), None)


def test_an_invite_opens_a_session(sealed):
    """And the door is told which invite it was, not by whom."""
    assert judged("POST /guest/sessions", sealed(INVITE)) == {
        "isAuthorized": True,
        "context": {"invite": INVITE.invite_id, "session": ""},
    }


@pytest.mark.parametrize(
    "route",
    [
        "GET /guest/sessions/{id}",
        "DELETE /guest/sessions/{id}",
        "POST /guest/sessions/{id}/offer",
        "PATCH /guest/sessions/{id}/offer",
        "POST /guest/sessions/{id}/relays",
        "POST /guest/sessions/{id}/stats",
    ],
)
def test_a_guests_token_opens_what_belongs_to_its_session(sealed, route):
    """It opens that, and no session of anybody else's."""
    assert judged(route, sealed(GUEST), OWN)["context"] == {"invite": GUEST.invite_id, "session": OWN}
    assert judged(route, sealed(GUEST), ANOTHERS) == REFUSED


def test_one_kind_of_token_is_never_taken_for_the_other(sealed):
    """A guest in a call cannot open a second; a link shows nobody's call."""
    assert judged("POST /guest/sessions", sealed(GUEST)) == REFUSED
    assert judged("GET /guest/sessions/{id}", sealed(INVITE), OWN) == REFUSED
    # Even one that somebody managed to have sealed with the wrong fields.
    assert judged("POST /guest/sessions", sealed(replace(INVITE, session_id=OWN))) == REFUSED
    assert judged("GET /guest/sessions/{id}", sealed(replace(GUEST, session_id="")), OWN) == REFUSED


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer junk", "{}"])
def test_a_header_that_is_no_token_is_refused(header):
    """Whatever it is, it is answered."""
    event = asking("POST /guest/sessions", "") | {"headers": {"authorization": header}}

    assert authorizer.handle_authorization(event, None) == REFUSED
    assert authorizer.handle_authorization({**event, "headers": {}}, None) == REFUSED


def test_the_scheme_may_be_spelled_in_any_case(sealed):
    """RFC 9110, 11.1: it is case-insensitive."""
    event = asking("POST /guest/sessions", "") | {"headers": {"authorization": f"bearer {sealed(INVITE)}"}}

    assert authorizer.handle_authorization(event, None)["isAuthorized"] is True


def test_a_token_too_old_is_refused(sealed):
    """The link in an old mail opens nothing."""
    assert judged("POST /guest/sessions", sealed(replace(INVITE, expires_at=int(time.time())))) == REFUSED


@pytest.mark.usefixtures("key")
def test_when_the_key_cannot_be_had_nobody_passes_and_the_alarm_hears_of_it(monkeypatch):
    """An error makes API Gateway answer 500, which is counted; a refusal would blame the guest."""
    monkeypatch.setenv("HOTLINE_INVITE_KEY", f"arn:aws:kms:{REGION}:123456789012:key/none")

    with pytest.raises(KeyUnavailableError):
        judged("POST /guest/sessions", "AAAA." + "A" * 43)


@pytest.mark.usefixtures("key")
def test_a_function_without_its_key_says_so(monkeypatch):
    """A stack that forgot a variable must not let everybody in."""
    monkeypatch.delenv("HOTLINE_INVITE_KEY")

    with pytest.raises(SettingsError, match="HOTLINE_INVITE_KEY"):
        judged("POST /guest/sessions", "AAAA." + "A" * 43)


def test_no_token_reaches_a_log(sealed, caplog):
    """Whoever reads logs must not be able to join a call."""
    caplog.set_level(logging.DEBUG, logger="runtime")
    good, old = sealed(INVITE), sealed(replace(INVITE, expires_at=0))
    for token in (good, old, good[:-2]):
        judged("GET /guest/sessions/{id}", token, OWN)

    logged = "".join(str(vars(record)) for record in caplog.records)
    assert "it has expired" in logged  # so that the test sees what is logged
    assert [token for token in (good, old) if token[:20] in logged or token[-20:-2] in logged] == []
