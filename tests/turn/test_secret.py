import asyncio

import pytest

from tests.turn import virtual_time
from turn.errors import RelaysRefusedError, RelaysUnreachableError
from turn.secret import FRESH_SECONDS, Secret

ARN = "arn:aws:secretsmanager:eu-north-1:111122223333:secret:relays-AbCdEf"


async def test_is_fetched_once_for_many_calls(secrets_manager):
    """Secrets Manager is neither asked nor paid for at every call."""
    secret = Secret(ARN, services_url=secrets_manager.url)

    texts = await asyncio.gather(*(secret.read() for _ in range(20)))

    assert set(texts) == {"foobar"}
    assert len(secrets_manager.requests) == 1


def test_is_fetched_again_after_a_while(secrets_manager):
    """A rotated secret is followed without a restart."""

    async def main():
        secret = Secret(ARN, services_url=secrets_manager.url)
        first = secret._refresh(0.0)
        secrets_manager.text = "rotated"
        await asyncio.sleep(FRESH_SECONDS - 1)
        assert await secret.read() == first
        return first, secret._refresh(asyncio.get_running_loop().time() + 1)

    assert virtual_time.run(main()) == ("foobar", "rotated")


def test_an_old_text_outlives_an_outage(secrets_manager):
    """Calls go on while Secrets Manager does not answer: the relays still know the old secret."""
    secret = Secret(ARN, services_url=secrets_manager.url)
    secret._refresh(0.0)
    secret._client = None
    secret._services_url = "http://127.0.0.1:9"  # discard: nobody listens

    assert secret._refresh(2 * FRESH_SECONDS) == "foobar"


async def test_an_outage_at_the_start_is_named():
    """Without a secret there is no password; the message says where to look."""
    with pytest.raises(RelaysUnreachableError, match=r"cannot be reached .* NAT gateway or endpoint"):
        await Secret(ARN, services_url="http://127.0.0.1:9").read()


async def test_a_missing_right_is_named(secrets_manager):
    """The commonest fault of a deployment by hand says which action on which secret is missing."""
    secrets_manager.answer = lambda _: (400, {"__type": "AccessDeniedException", "Message": "no"})

    with pytest.raises(RelaysRefusedError, match=r"AccessDeniedException .* secretsmanager:GetSecretValue"):
        await Secret(ARN, services_url=secrets_manager.url).read()


async def test_is_never_printed(secrets_manager):
    """A secret in a log is a secret no more."""
    secret = Secret(ARN, services_url=secrets_manager.url)
    await secret.read()

    assert "foobar" not in repr(secret)
