"""What a client may ask of the issuer, and how that is read.

Source: RFC 6749 (OAuth 2.0), RFC 7636 (PKCE), RFC 8252 section 7.3 (loopback addresses), RFC 9700.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlencode, urlsplit

PUBLIC_CLIENT: Final = "hotline-page"
"""Of the call page, and of whoever signs in from a terminal: without a secret, so with PKCE."""

SCRIPTS_CLIENT: Final = "hotline-scripts"
"""Of scripts and tests: with the secret that this cloud made for itself, and no person behind it."""

AUDIENCE: Final = "hotline"
SCOPES: Final = ("openid", "call")

LOOPBACK: Final = ("localhost", "127.0.0.1")

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256, in base64url without padding
_LONGEST_VALUE = 512


class RequestError(Exception):
    """The request is refused, and the client may know.

    Args:
        code: OAuth's name of the error.
        description: What is wrong, and what to send.
    """

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


class UnknownClientError(RequestError):
    """The request comes from nobody known, or would answer to nobody known: it is sent back to no address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRequest:
    """A client asks for a person to sign in."""

    client_id: str
    redirect_uri: str
    challenge: str
    scopes: tuple[str, ...]
    state: str
    nonce: str

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Read the parameters of an authorization request.

        Raises:
            UnknownClientError: It names no client of this issuer, or an address that is not on this machine.
            RequestError: It asks for something else than a code with PKCE.
        """
        redirect_uri = sent.get("redirect_uri", "")
        if sent.get("client_id") != PUBLIC_CLIENT:
            raise UnknownClientError("invalid_request", f"client_id must be {PUBLIC_CLIENT}.")
        if not _is_loopback(redirect_uri):
            raise UnknownClientError(
                "invalid_request", "redirect_uri must be an http address on localhost, without a fragment."
            )
        if sent.get("response_type") != "code":
            raise RequestError("unsupported_response_type", "response_type must be code.")
        challenge = sent.get("code_challenge", "")
        if sent.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
            raise RequestError(
                "invalid_request", "code_challenge must be there, with code_challenge_method=S256."
            )
        return cls(
            client_id=PUBLIC_CLIENT,
            redirect_uri=redirect_uri,
            challenge=challenge,
            scopes=read_scopes(sent),
            state=_short(sent, "state"),
            nonce=_short(sent, "nonce"),
        )

    def parameters(self) -> dict[str, str]:
        """Return what `read` makes the same request of."""
        return {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            "scope": " ".join(self.scopes),
            "state": self.state,
            "nonce": self.nonce,
        }


def way_back(redirect_uri: str, answer: Mapping[str, str]) -> str:
    """Return the address that carries *answer* to the client."""
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answer)}"


def read_scopes(sent: Mapping[str, str]) -> tuple[str, ...]:
    """Return the scopes that are asked for; all, when none is named.

    Raises:
        RequestError: This issuer has no such scope.
    """
    asked = tuple(sent.get("scope", "").split()) or SCOPES
    unknown = [one for one in asked if one not in SCOPES]
    if unknown:
        raise RequestError("invalid_scope", f"scope may hold {', '.join(SCOPES)}.")
    return asked


def _is_loopback(uri: str) -> bool:
    """Say whether *uri* leads to this machine: any port, as for every native client."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    local = parts.scheme == "http" and parts.netloc in {f"{host}:{port}" for host in LOOPBACK}
    return local and not parts.fragment and uri.isascii() and len(uri) <= _LONGEST_VALUE


def _short(sent: Mapping[str, str], name: str) -> str:
    value = sent.get(name, "")
    if len(value) > _LONGEST_VALUE:
        raise RequestError("invalid_request", f"{name} must have at most {_LONGEST_VALUE} characters.")
    return value
