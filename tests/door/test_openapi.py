"""The door does what its document says, also to requests that somebody makes who has read it with care."""

from dataclasses import replace

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.door.gateway import WANTED_WEBRTC
from tests.door.telephony.conftest import phone, phone_settings  # noqa: F401 - phones call this door, too
from tests.door.wsgi import application

API = schemathesis.openapi.from_wsgi("/openapi.json", application)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
READ_FURTHER = "/offer"
"""What a session description and a candidate may hold, no schema can say: test_sdp.py."""


@pytest.fixture
def door_settings(door_settings):
    """A door with places for all that is opened here."""
    return replace(door_settings, concurrency=500, sessions_per_caller=500)


@pytest.fixture
def session_id(call) -> str:
    """A session that its caller may signal for."""
    return call("POST /sessions", body=WANTED_WEBRTC)[1]["session_id"]


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
def test_the_door_does_what_its_document_says(case, session_id):
    """Whoever generates a client from it must neither be refused nor meet an answer that it does not name."""
    if "id" in case.path_parameters and not case.operation.path.startswith("/guest"):
        case.path_parameters["id"] = session_id
    takes_what_it_names = [] if case.operation.path.endswith(READ_FURTHER) else [positive_data_acceptance]

    case.call_and_validate(checks=[*CHECKS, *takes_what_it_names])
