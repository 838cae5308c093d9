"""Authorization codes: each is good once, for a minute, for whoever knows what its challenge was made of."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scripts.embedded.issuer.requests import RequestError, SignInRequest

CODE_SECONDS = 60
"""RFC 6749 allows ten minutes; a redirect on one machine takes none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Somebody who signed in, and what for."""

    subject: str
    request: SignInRequest


class Codes:
    """The codes that were handed out and not used yet."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[str, tuple[float, SignedIn]] = {}

    def hand_out(self, signed_in: SignedIn) -> str:
        """Return a new code for *signed_in*."""
        now = self._clock()
        self._open = {code: kept for code, kept in self._open.items() if kept[0] > now}
        code = secrets.token_urlsafe(32)
        self._open[code] = (now + CODE_SECONDS, signed_in)
        return code

    def redeem(self, sent: Mapping[str, str]) -> SignedIn:
        """Return who signed in for the code that was sent; it is good for nothing afterwards, whatever comes of it.

        Raises:
            RequestError: The code is unknown, used or old, or was handed out to another client.
        """
        expires_at, signed_in = self._open.pop(sent.get("code", ""), (0.0, None))
        if signed_in is None or expires_at <= self._clock():
            raise RequestError("invalid_grant", "The code is unknown, used or older than a minute.")
        request = signed_in.request
        if (sent.get("client_id"), sent.get("redirect_uri")) != (request.client_id, request.redirect_uri):
            raise RequestError("invalid_grant", "The code was handed out to another client or address.")
        if not hmac.compare_digest(challenge_of(sent.get("code_verifier", "")), request.challenge):
            raise RequestError("invalid_grant", "code_verifier does not belong to the code's challenge.")
        return signed_in


def challenge_of(verifier: str) -> str:
    """Return the challenge of kind S256 (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
