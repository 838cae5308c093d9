import base64
import json
from urllib.parse import parse_qs

import pytest

from tests.turn.answering_server import answering
from turn.errors import RelaysBusyError, RelaysRefusedError, RelaysUnreachableError
from turn.external import CloudflareIceServers, StaticIceServers, TwilioIceServers
from turn.secret import Secret

ARN = "arn:aws:secretsmanager:eu-north-1:111122223333:secret:relays-AbCdEf"

# The answer that developers.cloudflare.com/realtime/turn/generate-credentials shows, with other values.
CLOUDFLARE_ANSWER = {
    "iceServers": [
        {"urls": ["stun:stun.cloudflare.com:3478", "stun:stun.cloudflare.com:53"]},
        {
            "urls": [
                "turn:turn.cloudflare.com:3478?transport=udp",
                "turn:turn.cloudflare.com:53?transport=udp",
                "turn:turn.cloudflare.com:3478?transport=tcp",
                "turn:turn.cloudflare.com:80?transport=tcp",
                "turns:turn.cloudflare.com:5349?transport=tcp",
                "turns:turn.cloudflare.com:443?transport=tcp",
            ],
            "username": "issued-name",
            "credential": "issued-password",
        },
    ]
}

# The answer that twilio.com/docs/stun-turn/api shows, with other values.
TWILIO_ANSWER = {
    "account_sid": "AC1",
    "date_created": "Fri, 01 May 2020 01:42:57 +0000",
    "date_updated": "Fri, 01 May 2020 01:42:57 +0000",
    "ice_servers": [
        {"url": "stun:global.stun.twilio.com:3478", "urls": "stun:global.stun.twilio.com:3478"},
        {
            "credential": "issued-password",
            "url": "turn:global.turn.twilio.com:3478?transport=udp",
            "urls": "turn:global.turn.twilio.com:3478?transport=udp",
            "username": "issued-name",
        },
        {
            "credential": "issued-password",
            "url": "turn:global.turn.twilio.com:443?transport=tcp",
            "urls": "turn:global.turn.twilio.com:443?transport=tcp",
            "username": "issued-name",
        },
    ],
    "password": "issued-password",
    "ttl": "60",
    "username": "issued-name",
}


@pytest.fixture
def provider():
    """A third party that accepts one key, in the way of either."""

    def answer(request):
        basic = base64.b64encode(b"SK1:right").decode()
        if request.headers.get("authorization") not in ("Bearer right", f"Basic {basic}"):
            return 401, {"code": 20003}
        return 201, TWILIO_ANSWER if "Tokens.json" in request.path else CLOUDFLARE_ANSWER

    with answering(answer) as server:
        yield server


@pytest.fixture
def secret(secrets_manager):
    def hold(text) -> Secret:
        secrets_manager.text = text if isinstance(text, str) else json.dumps(text)
        return Secret(ARN, services_url=secrets_manager.url)

    return hold


async def test_cloudflare_is_asked_for_a_short_life(provider, secret):
    """The key stays with us; what reaches a browser works for a minute."""
    source = CloudflareIceServers(secret=secret({"key_id": "k1", "api_token": "right"}), url=provider.url)

    stun, relay = await source.issue("call-7", 60)

    (asked,) = provider.requests
    assert asked.path == "/v1/turn/keys/k1/credentials/generate-ice-servers"
    assert asked.json() == {"ttl": 60, "customIdentifier": "call-7"}
    assert (relay.username, relay.credential, relay.lifetime_seconds) == (
        "issued-name",
        "issued-password",
        60,
    )
    assert (stun.urls, stun.credential) == (("stun:stun.cloudflare.com:3478",), "")


async def test_port_53_is_left_out(provider, secret):
    """Browsers refuse it and lose seconds before they say so."""
    source = CloudflareIceServers(secret=secret({"key_id": "k1", "api_token": "right"}), url=provider.url)

    servers = await source.issue("call-7", 60)

    assert not [url for server in servers for url in server.urls if ":53?" in url or url.endswith(":53")]
    assert "turns:turn.cloudflare.com:5349?transport=tcp" in servers[1].urls


async def test_twilio_is_asked_with_an_api_key(provider, secret):
    """An API key can be revoked alone; the account's own token cannot."""
    key = {"account_sid": "AC1", "api_key": "SK1", "api_secret": "right"}

    servers = await TwilioIceServers(secret=secret(key), url=provider.url).issue("call-7", 60)

    (asked,) = provider.requests
    assert asked.path == "/2010-04-01/Accounts/AC1/Tokens.json"
    assert parse_qs(asked.body.decode()) == {"Ttl": ["60"]}
    assert [one.urls for one in servers] == [(one["urls"],) for one in TWILIO_ANSWER["ice_servers"]]
    assert [one.credential for one in servers] == ["", "issued-password", "issued-password"]


@pytest.mark.parametrize(
    ("source", "key"),
    [
        (CloudflareIceServers, {"key_id": "k1", "api_token": "wrong-token"}),
        (TwilioIceServers, {"account_sid": "AC1", "api_key": "SK1", "api_secret": "wrong-token"}),
    ],
)
async def test_a_wrong_key_is_named_and_not_shown(provider, secret, source, key):
    """Whoever reads the log learns which secret to mend, and not what is in it."""
    with pytest.raises(RelaysRefusedError, match=r"answers 401, .* Secrets Manager is wrong") as raised:
        await source(secret=secret(key), url=provider.url).issue("call-7", 60)

    assert "wrong-token" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((429, {}), RelaysBusyError),
        ((503, {}), RelaysUnreachableError),
        ((200, b"<html>"), RelaysUnreachableError),
        ((200, []), RelaysUnreachableError),
        ((200, {"iceServers": []}), RelaysUnreachableError),
        ((200, {"iceServers": [{"urls": "stun:only.example"}]}), RelaysUnreachableError),
        ((302, {}, {"Location": "http://127.0.0.1:9/"}), RelaysUnreachableError),
    ],
)
async def test_an_answer_without_relays_is_an_error(provider, secret, answer, error):
    """A call that could not be relayed fails here, in words, and not in the caller's ear."""
    provider.answer = lambda _: answer

    with pytest.raises(error):
        await CloudflareIceServers(
            secret=secret({"key_id": "k1", "api_token": "right"}), url=provider.url
        ).issue("call-7", 60)


async def test_a_provider_that_is_away_is_named(secret):
    """The fallback or the operator must hear of it within seconds."""
    source = CloudflareIceServers(
        secret=secret({"key_id": "k1", "api_token": "right"}), url="http://127.0.0.1:9"
    )

    with pytest.raises(RelaysUnreachableError, match=r"Cloudflare gave no answer .* name a fallback"):
        await source.issue("call-7", 60)


async def test_a_static_relay_comes_from_the_secret(secret):
    """A relay that somebody runs already needs no API."""
    key = {"urls": ["turns:relay.example.com:443?transport=tcp"], "username": "u", "credential": "p"}

    (server,) = await StaticIceServers(secret=secret(key)).issue("call-7", 60)

    assert (list(server.urls), server.username, server.credential) == tuple(key.values())
    assert server.lifetime_seconds is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("not json, hunter2", "is no JSON object"),
        ('["hunter2"]', "is no JSON object"),
        ('{"urls": "turn:hunter2", "username": "u", "credential": "p"}', "no list of texts under 'urls'"),
        ('{"urls": ["turn:a"], "username": "", "credential": "hunter2"}', "no text under 'username'"),
    ],
)
async def test_a_secret_of_the_wrong_shape_is_described_and_not_shown(secret, text, complaint):
    """The deployer wrote it by hand; the message helps and leaks nothing."""
    with pytest.raises(RelaysRefusedError, match=complaint) as raised:
        await StaticIceServers(secret=secret(text)).issue("call-7", 60)

    assert "hunter2" not in str(raised.value)
