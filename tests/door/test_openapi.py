"""The door does what its document says, also to requests that somebody makes who has read it with care."""

import json
from dataclasses import replace
from functools import cached_property

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from runtime.door import authorizer
from runtime.settings.guests import GuestSettings
from tests.door.conftest import REGION, aws_client
from tests.door.gateway import WANTED_WEBRTC
from tests.door.guests import create_key
from tests.door.telephony.conftest import phone, phone_settings  # noqa: F401 - phones call this door, too
from tests.door.wsgi import ALICES_TOKEN, PHONES, application, asked

API = schemathesis.openapi.from_wsgi("/openapi.json", application)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
]
READ_FURTHER = "/offer"
"""What a session description and a candidate may hold, no schema can say: test_sdp.py."""


@pytest.fixture
def door_settings(door_settings):
    """A door with places for all that is opened here."""
    return replace(door_settings, concurrency=500, sessions_per_caller=500)


@pytest.fixture
def guests(environment, door_settings):
    """Lets guests in, as many as are tried here."""
    named = GuestSettings(
        stage=door_settings.stage,
        region=REGION,
        invite_key=create_key(aws_client("kms")),
        invite_seconds=600,
        invites_per_minute=1_000,
        guest_call_seconds=120,
        guest_concurrency=500,
        guests_per_inviter=500,
    )
    for name, value in named.to_environment().items():
        environment.setenv(name, value)
    authorizer._verifier.cache_clear()
    yield
    authorizer._verifier.cache_clear()


class Comers:
    """Who may come to a path, and to which session of theirs."""

    def __call__(self, path: str) -> tuple[str, str]:
        """Return their token, and the session's id."""
        if path == "/guest/sessions":
            return self._invite(), ""  # each is good once
        return self._guest if path.startswith("/guest") else self._caller

    @cached_property
    def _caller(self) -> tuple[str, str]:
        return ALICES_TOKEN, self._opened("/sessions", ALICES_TOKEN)["session_id"]

    @cached_property
    def _guest(self) -> tuple[str, str]:
        opened = self._opened("/guest/sessions", self._invite())
        return opened["token"], opened["session_id"]

    def _invite(self) -> str:
        return self._answered("POST /invites", ALICES_TOKEN, "")["invite"]

    def _opened(self, path: str, token: str) -> dict:
        return self._answered(f"POST {path}", token, WANTED_WEBRTC)

    def _answered(self, key: str, token: str, body: str) -> dict:
        return json.loads(asked(key, "", f"Bearer {token}", body.encode())["body"])


@pytest.fixture
def comers(call, guests) -> Comers:  # noqa: ARG001 - they are whom it lets in
    return Comers()


@API.parametrize()
@settings(
    deadline=None,
    max_examples=12,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.usefixtures("phone")
def test_the_door_does_what_its_document_says(case, comers):
    """Whoever generates a client from it must neither be refused nor meet an answer that it does not name.

    And nobody gets anything without a token, or with one that is made up.
    """
    path = case.operation.path
    if path.startswith(PHONES):
        case.call_and_validate(checks=CHECKS)
        return
    token, session_id = comers(path)
    # What was made wrong on purpose stays so.
    if not case.meta.is_negative_at(ParameterLocation.PATH) and "id" in case.path_parameters:
        case.path_parameters["id"] = session_id
    knows_better = case.meta.is_negative_at(ParameterLocation.HEADER)
    headers = {} if knows_better else {"Authorization": f"Bearer {token}"}
    takes_what_it_names = [] if path.endswith(READ_FURTHER) else [positive_data_acceptance]

    case.call_and_validate(headers=headers, checks=[*CHECKS, *takes_what_it_names])
