"""The tokens of the issuer, signed with a key that lives as long as its process.

Source: RFC 9068 (access tokens as JWT), OpenID Connect Core 1.0 section 2 (ID tokens), RFC 7517 (keys).
"""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ALGORITHM: Final = "RS256"
"""The only kind that API Gateway takes is RSA's."""

LIFETIME_SECONDS = 3_600

_KEY_BITS = 2_048
_PUBLIC_EXPONENT = 65_537


class Tokens:
    """Signs tokens in the name of one issuer.

    Args:
        issuer: Its URL.
        audience: Whom access tokens are meant for.
        clock: Unix time.
    """

    def __init__(self, issuer: str, audience: str, *, clock: Callable[[], float] = time.time) -> None:
        self.issuer = issuer
        self.audience = audience
        self._clock = clock
        self._key = rsa.generate_private_key(public_exponent=_PUBLIC_EXPONENT, key_size=_KEY_BITS)
        self._key_id = secrets.token_hex(8)

    def keys(self) -> dict[str, Any]:
        """Return the document at `jwks_uri`."""
        public: dict[str, Any] = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        names = {"kid": self._key_id, "use": "sig", "alg": ALGORITHM}
        return {"keys": [{**{name: public[name] for name in ("kty", "n", "e")}, **names}]}

    def access(self, subject: str, *, client_id: str, scopes: Iterable[str]) -> str:
        """Return a token that opens the door for *subject*."""
        return self.sign(
            {
                **self._common(subject),
                "aud": self.audience,
                "client_id": client_id,
                "scope": " ".join(scopes),
                "jti": secrets.token_hex(16),
            },
            kind="at+jwt",
        )

    def identity(self, subject: str, *, client_id: str, nonce: str) -> str:
        """Return a token that tells *client_id* who signed in; it opens nothing."""
        claims = {**self._common(subject), "aud": client_id, **({"nonce": nonce} if nonce else {})}
        return self.sign(claims, kind="JWT")

    def sign(self, claims: Mapping[str, Any], *, kind: str = "JWT") -> str:
        """Return *claims* as a token that this issuer answers for."""
        headers = {"kid": self._key_id, "typ": kind}
        return jwt.encode(dict(claims), self._key, algorithm=ALGORITHM, headers=headers)

    def _common(self, subject: str) -> dict[str, Any]:
        now = int(self._clock())
        return {"iss": self.issuer, "sub": subject, "iat": now, "exp": now + LIFETIME_SECONDS}
