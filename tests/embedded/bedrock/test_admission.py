"""Who gets a stream, as the real SDK sees the answer."""

import time

import pytest

from scripts.embedded.bedrock import Faults, Limits, ScriptedBrain
from scripts.embedded.bedrock.credentials import Credentials
from tests.embedded.bedrock.client import ACCESS_KEY_ID, NOVA_2, SECRET, TOKEN, dial


async def refusal(url, **options):
    """Return what the SDK raises when it dials."""
    with pytest.raises(Exception) as refused:  # noqa: PT011  (its kind is what the tests compare)
        await open_and_wait(url, **options)
    return refused.value


async def open_and_wait(url, **options):
    async with dial(url, **options) as stream:
        await stream.begin()
        await stream.rest()


def named(error):
    return f"{type(error).__name__} {getattr(error, 'code', '')} {error}"


@pytest.mark.parametrize(
    ("faults", "name"),
    [
        (Faults(throttle=1), "ThrottlingException"),
        (Faults(deny=1), "AccessDeniedException"),
        (Faults(expire_credentials=1), "ExpiredTokenException"),
    ],
    ids=["throttle", "deny", "expire"],
)
async def test_a_fault_at_connect_reads_as_aws_has_it_and_passes(serve, faults, name):
    """The agent tells these apart: wait, give up, or fetch new credentials."""
    async with serve(ScriptedBrain(), faults=faults) as server:
        assert name in named(await refusal(server.url))
        async with dial(server.url) as stream:
            await stream.begin()
            await stream.until("completionStart")
            await stream.end()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"model": "amazon.nova-9-sonic"}, "ValidationException"),
        ({"model": "amazon.nova-sonic-v1:0"}, "ResourceNotFoundException"),
        ({"secret": "wrong"}, "InvalidSignatureException"),
        ({"key": "AKIDNOBODY"}, "UnrecognizedClientException"),
        ({"token": "another"}, "UnrecognizedClientException"),
    ],
    ids=["unknown model", "retired model", "wrong secret", "unknown key", "wrong token"],
)
async def test_a_wrong_request_is_refused(serve, options, name):
    """A deployment that would fail on AWS fails here."""
    async with serve(ScriptedBrain()) as server:
        assert name in named(await refusal(server.url, **options))


async def test_expired_credentials_are_refused(serve):
    """Role credentials live for an hour or so; a long call must not freeze them."""
    old = Credentials(secret_access_key=SECRET, session_token=TOKEN, expires_at=time.time() - 1)
    async with serve(ScriptedBrain(), credentials={ACCESS_KEY_ID: old}.get) as server:
        assert "ExpiredTokenException" in named(await refusal(server.url))


async def test_the_policy_is_asked_for_the_exact_model(serve):
    """`bedrock:InvokeModel` on the model's ARN is the permission that the template must give."""
    asked = []

    def allows(action, resource):
        asked.append((action, resource))
        return "nova-2-5" in resource

    known = Credentials(secret_access_key=SECRET, session_token=TOKEN, allows=allows)
    async with serve(ScriptedBrain(), credentials={ACCESS_KEY_ID: known}.get) as server:
        assert "AccessDeniedException" in named(await refusal(server.url, model=NOVA_2))

    assert asked == [("bedrock:InvokeModel", f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA_2}")]


async def test_more_streams_than_the_account_may_have_are_throttled(serve):
    """Bedrock's quota, not AgentCore's, is the ceiling of concurrent calls."""
    async with (
        serve(ScriptedBrain(), limits=Limits(concurrent_streams=1)) as server,
        dial(server.url) as stream,
    ):
        await stream.begin()
        await stream.until("completionStart")
        assert "ThrottlingException" in named(await refusal(server.url))
        await stream.end()
        await stream.rest()
        async with dial(server.url) as next_one:
            await next_one.begin()
            await next_one.until("completionStart")
            await next_one.end()


async def test_credentials_that_cannot_be_asked_for_are_our_fault_and_said(serve):
    """The embedded cloud's other half may be gone; the agent must not take that for its own error."""

    def gone(_access_key_id):
        raise ConnectionRefusedError

    async with serve(ScriptedBrain(), credentials=gone) as server:
        assert "ServiceUnavailableException" in named(await refusal(server.url))


def test_credentials_do_not_print_their_secrets():
    """They end up in tracebacks and logs otherwise."""
    assert SECRET not in repr(Credentials(secret_access_key=SECRET, session_token=TOKEN))
    assert TOKEN not in repr(Credentials(secret_access_key=SECRET, session_token=TOKEN))
