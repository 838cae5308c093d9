import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

import botocore.auth
import pytest
from botocore.credentials import Credentials
from botocore.exceptions import MetadataRetrievalError

from runtime.door.errors import AgentCoreUnavailableError
from runtime.door.presign import websocket_url
from runtime.settings.door import DoorSettings

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEXAMPLE//token=="
SESSION_ID = "hotline-00000000-0000-4000-8000-000000000001"

# `AgentCoreRuntimeClient.generate_presigned_url` of bedrock-agentcore 1.25.0 printed these for the same
# input at 2026-11-20T12:00:00Z.
_SDK_URL = (
    "wss://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A"
    "111122223333%3Aruntime%2Fhotline_dev-AbCdEf1234/ws?qualifier=live"
    "&X-Amzn-Bedrock-AgentCore-Runtime-Session-Id=hotline-00000000-0000-4000-8000-000000000001"
    "&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261120%2Fus-east-1%2Fbedrock-agentcore%2Faws4_request"
    "&X-Amz-Date=20261120T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host"
)
SDK_URLS = {
    None: f"{_SDK_URL}&X-Amz-Signature=79050ccec0e1ee95725aeeaee4ff145dfff0663f5b352c083d62cb9d39dd2d97",
    TOKEN: f"{_SDK_URL}&X-Amz-Security-Token=FwoGZXIvYXdzEXAMPLE%2F%2Ftoken%3D%3D"
    "&X-Amz-Signature=14e94468fc063db8f01534eae6e85a7a877b0feb31acbc606e04e8c141df4210",
}


@pytest.fixture
def on_aws(door_settings) -> DoorSettings:
    return replace(door_settings, agentcore_url="")


@pytest.mark.parametrize("token", [None, TOKEN])
def test_the_url_is_the_one_that_the_agentcore_sdk_makes(on_aws, monkeypatch, token):
    """AgentCore documents its SDK, not the URL; the door has no room for the SDK, so it must agree."""
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: noon)

    url = websocket_url(on_aws, SESSION_ID, Credentials(ACCESS_KEY, SECRET_KEY, token))

    assert url == SDK_URLS[token]


@pytest.mark.parametrize("base_url", ["", "http://localhost:4568"])
@pytest.mark.parametrize("token", [None, TOKEN])
def test_the_signature_is_what_signature_version_4_says(on_aws, base_url, token):
    """Recomputed from the specification: whoever verifies the URL does the same."""
    settings = replace(on_aws, agentcore_url=base_url)

    url = websocket_url(settings, SESSION_ID, Credentials(ACCESS_KEY, SECRET_KEY, token))

    assert dict(parse_qsl(urlsplit(url).query))["X-Amz-Signature"] == signature_of(url)
    assert urlsplit(url).scheme == ("ws" if base_url else "wss")


def test_another_session_needs_another_signature(on_aws):
    """A caller who changes the id in their URL must not land in somebody else's call."""
    url = websocket_url(on_aws, SESSION_ID, Credentials(ACCESS_KEY, SECRET_KEY))
    changed = url.replace(SESSION_ID, SESSION_ID[:-1] + "2")

    assert signature_of(changed) != signature_of(url)


def test_a_way_in_lives_as_long_as_the_deployment_says(on_aws):
    """The URL is a key to a call; its life is a limit that somebody configured."""
    url = websocket_url(replace(on_aws, join_seconds=45), SESSION_ID, Credentials(ACCESS_KEY, SECRET_KEY))

    assert dict(parse_qsl(urlsplit(url).query))["X-Amz-Expires"] == "45"


def test_a_runtime_that_is_none_is_refused(on_aws):
    """A URL for nothing would fail at the caller, far from the cause."""
    with pytest.raises(AgentCoreUnavailableError, match="not the ARN of an AgentCore runtime"):
        websocket_url(replace(on_aws, runtime_arn="hotline"), SESSION_ID, Credentials(ACCESS_KEY, SECRET_KEY))


def test_a_role_without_credentials_is_said_in_words(on_aws):
    """botocore would fail with an attribute of None."""
    with pytest.raises(AgentCoreUnavailableError, match="no AWS credentials"):
        websocket_url(on_aws, SESSION_ID, None)


def signature_of(url: str) -> str:
    """Compute the signature of a pre-signed GET from RFC-like prose alone, without botocore.

    Source: "Create a signed AWS API request" and "Authenticating requests: using query parameters",
    AWS IAM User Guide; every service but S3 encodes each path segment twice.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    query.pop("X-Amz-Signature")
    canonical = "\n".join(
        [
            "GET",
            quote(parts.path, safe="/-_.~"),
            "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items())),
            f"host:{parts.netloc}",
            "",
            "host",
            hashlib.sha256(b"").hexdigest(),
        ]
    )
    moment = query["X-Amz-Date"]
    scope = f"{moment[:8]}/us-east-1/bedrock-agentcore/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET_KEY}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def test_credentials_that_cannot_be_renewed_are_said_so(on_aws):
    """The endpoint of a task's role is a service as any other, and may be away."""

    class Away:
        def get_frozen_credentials(self) -> None:
            raise MetadataRetrievalError(error_msg="Received error: timed out")

    with pytest.raises(AgentCoreUnavailableError, match="MetadataRetrievalError"):
        websocket_url(on_aws, SESSION_ID, Away())
