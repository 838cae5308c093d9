"""Relays of a third party: what it is asked, and what its answer means.

The secret in Secrets Manager is a JSON object:

    static      {"urls": ["turns:relay.example.com:443?transport=tcp"], "username": "…", "credential": "…"}
    cloudflare  {"key_id": "…", "api_token": "…"}
    twilio      {"account_sid": "AC…", "api_key": "SK…", "api_secret": "…"}
"""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from turn.errors import RelaysRefusedError, RelaysUnreachableError
from turn.https import post
from turn.ice_server import IceServer
from turn.secret import SecretText

CLOUDFLARE_URL = "https://rtc.live.cloudflare.com"
TWILIO_URL = "https://api.twilio.com"

_LONGEST_LIFETIME_SECONDS = {"Cloudflare": 172_800, "Twilio": 86_400}
"""Cloudflare: 48 hours; Twilio: 24 hours (their API references)."""


class StaticIceServers:
    """Hands out the one password that the secret holds, however long that stays valid."""

    def __init__(self, *, secret: SecretText) -> None:
        self._secret = secret

    async def issue(self, caller: str, lifetime_seconds: int) -> tuple[IceServer, ...]:  # noqa: ARG002 - nobody is asked
        """Return the relay; see `IceServers.issue`."""
        key = _Key(await self._secret.read(), "static")
        server = IceServer(urls=key.texts("urls"), username=key["username"], credential=key["credential"])
        return (server,)

    async def release(self, caller: str) -> None:
        """Hold nothing."""


class CloudflareIceServers:
    """Asks Cloudflare Realtime for credentials.

    Source: developers.cloudflare.com/realtime/turn/generate-credentials.
    """

    def __init__(self, *, secret: SecretText, url: str = CLOUDFLARE_URL) -> None:
        self._secret = secret
        self._url = url

    async def issue(self, caller: str, lifetime_seconds: int) -> tuple[IceServer, ...]:
        """Return Cloudflare's relays; see `IceServers.issue`."""
        key = _Key(await self._secret.read(), "cloudflare")
        lifetime = min(lifetime_seconds, _LONGEST_LIFETIME_SECONDS["Cloudflare"])
        answer = await post(
            "Cloudflare",
            f"{self._url}/v1/turn/keys/{quote(key['key_id'], safe='')}/credentials/generate-ice-servers",
            headers={"Authorization": f"Bearer {key['api_token']}", "Content-Type": "application/json"},
            # The identifier lets Cloudflare's analytics tell calls apart; it names no person.
            body=json.dumps({"ttl": lifetime, "customIdentifier": caller}).encode(),
        )
        return _servers("Cloudflare", answer.get("iceServers"), lifetime)

    async def release(self, caller: str) -> None:
        """Hold nothing: Cloudflare has no limit of ours to count."""


class TwilioIceServers:
    """Asks Twilio's Network Traversal Service for credentials.

    Source: twilio.com/docs/stun-turn/api.
    """

    def __init__(self, *, secret: SecretText, url: str = TWILIO_URL) -> None:
        self._secret = secret
        self._url = url

    async def issue(self, caller: str, lifetime_seconds: int) -> tuple[IceServer, ...]:  # noqa: ARG002 - Twilio takes no name
        """Return Twilio's relays; see `IceServers.issue`."""
        key = _Key(await self._secret.read(), "twilio")
        lifetime = min(lifetime_seconds, _LONGEST_LIFETIME_SECONDS["Twilio"])
        login = base64.b64encode(f"{key['api_key']}:{key['api_secret']}".encode()).decode()
        answer = await post(
            "Twilio",
            f"{self._url}/2010-04-01/Accounts/{quote(key['account_sid'], safe='')}/Tokens.json",
            headers={
                "Authorization": f"Basic {login}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=urlencode({"Ttl": lifetime}).encode(),
        )
        return _servers("Twilio", answer.get("ice_servers"), lifetime)

    async def release(self, caller: str) -> None:
        """Hold nothing: Twilio has no limit of ours to count."""


def _servers(provider: str, listed: Any, lifetime_seconds: int) -> tuple[IceServer, ...]:
    """Read a list of RTCIceServer objects, whose `urls` is a text or a list."""
    try:
        servers = [_server(one, lifetime_seconds) for one in listed]
    except (KeyError, TypeError):
        servers = []
    usable = tuple(one for one in servers if one.urls)
    if not any(one.credential for one in usable):
        raise RelaysUnreachableError(
            f"{provider}'s answer names no relay with a password, so the call has no way.  Its API may have "
            "changed: compare it with the provider's reference, or name a fallback."
        )
    return usable


def _server(listed: Mapping[str, Any], lifetime_seconds: int) -> IceServer:
    urls = (listed["urls"],) if isinstance(listed["urls"], str) else tuple(listed["urls"])
    credential = listed.get("credential", "")
    return IceServer(
        # Browsers refuse port 53, and lose seconds over it (Cloudflare's reference says so).
        urls=tuple(url for url in urls if not url.partition("?")[0].endswith(":53")),
        username=listed.get("username", ""),
        credential=credential,
        lifetime_seconds=lifetime_seconds if credential else None,
    )


class _Key:
    """The provider's key as the secret holds it; says what is missing without saying what is there."""

    def __init__(self, text: str, provider: str) -> None:
        self._provider = provider
        try:
            self._fields = json.loads(text)
        except ValueError:
            self._fields = None
        if not isinstance(self._fields, dict):
            raise RelaysRefusedError(
                f"The secret for provider {provider} is no JSON object, so it holds no key.  {self._advice()}"
            )

    def __getitem__(self, name: str) -> str:
        value = self._fields.get(name)
        if not isinstance(value, str) or not value:
            raise RelaysRefusedError(
                f"The secret for provider {self._provider} has no text under {name!r}.  {self._advice()}"
            )
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        values = self._fields.get(name)
        if not isinstance(values, list) or not values or not all(isinstance(one, str) for one in values):
            raise RelaysRefusedError(
                f"The secret for provider {self._provider} has no list of texts under {name!r}.  "
                f"{self._advice()}"
            )
        return tuple(values)

    def _advice(self) -> str:
        return "Put the object that turn/external.py describes into the secret that turn.secret_arn names."
