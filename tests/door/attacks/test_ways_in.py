"""What is done with the way into a session by whoever got hold of it: the door's own URL, at AgentCore's door."""

import uuid
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import botocore.auth
import pytest
from botocore.credentials import Credentials
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from runtime.door.presign import SESSION_ID, websocket_url
from scripts.embedded.address import REGION
from tests.embedded.agentcore.conftest import clock, plane, runtime  # noqa: F401 - fixtures of these tests, too
from tests.embedded.conftest import cloud  # noqa: F401 - as above

JOIN_SECONDS = 60


@pytest.fixture
def session_id():
    return f"hotline-{uuid.uuid4()}"


@pytest.fixture
def way_in(plane, session_id):  # noqa: F811 - the fixture above
    """The URL that a caller gets."""
    settings = SimpleNamespace(
        runtime_arn=plane.runtime.arn,
        endpoint_name="calls",
        region=REGION,
        agentcore_url=plane.url,
        join_seconds=JOIN_SECONDS,
    )
    return lambda: websocket_url(
        settings, session_id, Credentials(plane.keys.access_key, plane.keys.secret_key)
    )


def with_query(url, **changes):
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **changes}
    return urlunsplit(
        parts._replace(query=urlencode({name: value for name, value in query.items() if value}))
    )


async def status_of(url):
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(url, proxy=None):
            pass
    return refusal.value.response.status_code


async def test_the_way_in_leads_in(way_in):
    """Without this, everything below would be refused for the wrong reason."""
    async with connect(way_in(), proxy=None) as line:
        await line.send("hello")
        assert await line.recv() == "hello"


async def test_it_leads_into_its_own_session_only(plane, way_in, session_id):  # noqa: F811
    """Whoever has one call could listen to every other."""
    other = f"hotline-{uuid.uuid4()}"

    assert await status_of(with_query(way_in(), **{SESSION_ID: other})) == HTTPStatus.FORBIDDEN
    assert plane.printed(other) == plane.printed(session_id) == ""  # no microVM was started


async def test_it_is_worthless_after_a_minute(plane, way_in, session_id, monkeypatch):  # noqa: F811
    """Addresses are kept in histories and logs."""
    earlier = datetime.now(UTC) - timedelta(seconds=JOIN_SECONDS + 1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: earlier)

    assert await status_of(way_in()) == HTTPStatus.FORBIDDEN
    assert plane.printed(session_id) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"X-Amz-Expires": "300"},
        {"X-Amz-Expires": None},
        {"X-Amz-Date": "20990101T000000Z"},
        {"X-Amz-Signature": "0" * 64},
        {"X-Amz-Signature": None},
        {"X-Amz-Algorithm": "none"},
        {"qualifier": "DEFAULT"},
    ],
    ids=str,
)
async def test_nothing_about_it_can_be_changed(plane, way_in, session_id, changes):  # noqa: F811
    """Neither how long it is good, nor which version of the agent it leads to."""
    assert await status_of(with_query(way_in(), **changes)) == HTTPStatus.FORBIDDEN
    assert plane.printed(session_id) == ""
