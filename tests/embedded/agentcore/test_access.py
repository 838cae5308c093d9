"""Who is let in: signatures in the header and in the query, policies, session ids, endpoints."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import botocore.auth
import pytest
from botocore.credentials import Credentials
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from scripts.embedded.agentcore.forwarding import SESSION_HEADER

ORDER = json.dumps({"do": "tell"}).encode()


async def refused(url):
    """Return status, error and message of a WebSocket that is not let in."""
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(url, proxy=None):
            pass
    response = refusal.value.response
    return response.status_code, response.headers["x-amzn-errortype"], response.body.decode()


async def post(plane, url, headers, body=ORDER):
    answer = await plane._http.post(url, content=body, headers=headers)
    return answer.status_code, answer.headers.get("x-amzn-errortype")


async def test_a_request_without_a_signature_is_refused(plane):
    """Nothing may reach an agent that IAM has not let through."""
    assert await post(plane, plane.address("invocations"), {}) == (403, "MissingAuthenticationTokenException")


async def test_a_body_that_was_changed_on_the_way_is_refused(plane, session_id):
    """The signature covers the body, so nobody can change an order in flight."""
    url = plane.address("invocations")
    headers = plane.sign(url, body=ORDER, session_id=session_id)

    assert await post(plane, url, headers, ORDER + b" ") == (403, "InvalidSignatureException")


async def test_a_signature_with_a_wrong_secret_is_refused(plane, session_id):
    """Knowing a key id is not holding the key."""
    forged = Credentials(plane.keys.access_key, "x" * 40)

    answer = await plane.invoke({"do": "tell"}, session_id, keys=forged)

    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")


async def test_an_unknown_key_is_refused(plane, session_id):
    """Emulators believe `test`; this one must not."""
    answer = await plane.invoke({"do": "tell"}, session_id, keys=Credentials("test", "test"))

    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "UnrecognizedClientException")


async def test_an_old_signature_is_refused(plane, session_id, monkeypatch):
    """A recorded request must not be good for ever."""
    long_ago = datetime.now(UTC) - timedelta(minutes=6)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: long_ago)

    answer = await plane.invoke({"do": "tell"}, session_id)

    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")


async def test_a_session_id_that_was_not_signed_is_refused(plane, session_id):
    """Else whoever holds one signed request could enter any session with it."""
    url = plane.address("invocations")
    headers = plane.sign(url, body=ORDER) | {SESSION_HEADER: session_id}

    assert await post(plane, url, headers) == (403, "InvalidSignatureException")


@pytest.mark.parametrize("length", [32, 257])
async def test_a_session_id_of_the_wrong_length_is_refused(plane, length):
    """AgentCore takes 33 to 256 characters; a shorter one works nowhere but here."""
    answer = await plane.invoke({"do": "tell"}, "s" * length)

    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")


async def test_an_endpoint_that_is_not_deployed_is_not_found(plane, session_id):
    """The door's qualifier is a deployed thing; a typo in it must show here."""
    answer = await plane.invoke({"do": "tell"}, session_id, qualifier="nope")

    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")


async def test_an_invitation_lets_its_holder_in(plane, session_id):
    """The happy case of every call: a pre-signed URL and no other key."""
    async with connect(plane.invitation(session_id), proxy=None) as line:
        await line.send("hello")
        assert await line.recv() == "hello"


async def test_an_invitation_is_for_its_own_session_only(plane, session_id):
    """The session id is in the signed query; another one in its place must break the signature."""
    stolen = plane.invitation(session_id).replace(session_id, f"session-{uuid.uuid4()}")

    assert (await refused(stolen))[:2] == (403, "InvalidSignatureException")


async def test_an_invitation_expires(plane, session_id, monkeypatch):
    """A URL that leaks into a log is worthless a minute later."""
    earlier = datetime.now(UTC) - timedelta(seconds=61)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: earlier)

    status, code, message = await refused(plane.invitation(session_id, seconds=60))

    assert (status, code) == (403, "InvalidSignatureException")
    assert "expired" in message


async def test_an_invitation_for_longer_than_agentcore_allows_is_refused(plane, session_id):
    """AgentCore's SDK makes none beyond 300 s; a door that asks for more must fail here."""
    assert (await refused(plane.invitation(session_id, seconds=301)))[0] == 403


async def test_a_right_to_invoke_is_no_right_to_the_websocket(cloud, plane, session_id):
    """CDK's `grant_invoke` omits the WebSocket's action; forgetting it must fail here as on AWS."""
    keys = user_with(cloud, "bedrock-agentcore:InvokeAgentRuntime", plane.runtime.arn)

    answer = await plane.invoke({"do": "tell"}, session_id, keys=keys)
    status, code, message = await refused(plane.invitation(session_id + "-2", keys=keys))

    assert answer.status_code == 200
    assert (status, code) == (403, "AccessDeniedException")
    assert "InvokeAgentRuntimeWithWebSocketStream" in message


def user_with(cloud, action, arn):
    """Return the keys of a new user who may do *action* on the runtime and its endpoints."""
    iam, name = cloud.client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": action, "Resource": [arn, f"{arn}/runtime-endpoint/*"]}
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps({"Statement": [statement]}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])
