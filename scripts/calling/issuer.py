"""The issuer of a stage, as programs talk to it: where it answers, and tokens for what it is shown.

Source: OpenID Connect Discovery 1.0; RFC 6749 sections 4.1.3 and 4.4.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from scripts.calling.errors import CredentialsError

TIMEOUT_SECONDS = 10
LEAST_SECONDS = 60
"""A token that lives shorter is replaced: it should outlast the request that it goes with."""

LOOPBACK = ("localhost", "127.0.0.1")


class Issuer:
    """What an issuer says of itself.

    Args:
        url: As it stands in `iss` of its tokens.
        addresses: Its discovery document.
    """

    def __init__(self, url: str, addresses: Mapping[str, Any]) -> None:
        self.url = url
        self.authorization_endpoint = str(addresses["authorization_endpoint"])
        self._token_endpoint = str(addresses["token_endpoint"])

    @classmethod
    def discover(cls, url: str) -> Self:
        """Ask the issuer at *url* for its addresses.

        Raises:
            CredentialsError: It does not answer, or not as an issuer.
        """
        where = f"{url.rstrip('/')}/.well-known/openid-configuration"
        said = _answer("GET", where)
        if said.get("issuer") != url or not {"authorization_endpoint", "token_endpoint"} <= said.keys():
            raise CredentialsError(
                f"{where} does not describe the issuer {url}, so nobody can sign in there."
            )
        return cls(url, said)

    def grant(self, form: Mapping[str, str], *, auth: tuple[str, str] | None = None) -> tuple[str, float]:
        """Return the access token for *form*, and how many seconds it lives.

        Raises:
            CredentialsError: The issuer grants none.
        """
        said = _answer("POST", self._token_endpoint, data=form, auth=auth)
        if not isinstance(said.get("access_token"), str):
            raise CredentialsError(f"The issuer {self.url} answered without an access token.")
        return said["access_token"], float(said.get("expires_in", 0))


class ScriptsToken:
    """A token for a program that knows a secret, fetched when it is first needed and again before it expires.

    Args:
        url: Of the issuer.
        client_id: Who the program is.
        secret: Of that client.
        clock: Monotonic seconds.
    """

    def __init__(
        self, url: str, client_id: str, secret: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._client = (client_id, secret)
        self._clock = clock
        self._token, self._good_until = "", 0.0

    def __call__(self) -> str:
        """Return a token that is good for a while.

        Raises:
            CredentialsError: The issuer grants none.
        """
        if self._clock() >= self._good_until:
            self._token, lives = Issuer.discover(self._url).grant(
                {"grant_type": "client_credentials"}, auth=self._client
            )
            self._good_until = self._clock() + lives - LEAST_SECONDS
        return self._token


def _answer(
    method: str, url: str, *, data: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None
) -> dict[str, Any]:
    """Return the JSON object that *url* answers; what was sent is in no message."""
    try:
        # What is on this machine is behind no proxy, whatever the environment says.
        outside = urlsplit(url).hostname not in LOOPBACK
        answer = httpx.request(method, url, data=data, auth=auth, timeout=TIMEOUT_SECONDS, trust_env=outside)
        said = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as fault:
        raise CredentialsError(
            f"The issuer does not answer at {url} ({type(fault).__name__}), so there is no token to call with."
        ) from fault
    if not isinstance(said, dict) or answer.is_error:
        code = said.get("error", "") if isinstance(said, dict) else ""
        raise CredentialsError(f"The issuer refused at {url} ({answer.status_code} {code}).")
    return said
