"""How the servers of the embedded cloud ask MiniStack whose key this is and what it may do."""

import contextlib
import http.client
import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

TOKEN_HEADER = "x-hotline-token"  # noqa: S105  (the name of a header)
PATH = "/_hotline/"
"""What the paths of the questions begin with."""

_TIMEOUT_SECONDS = 10.0


class IdentityRefusedError(Exception):
    """The key is unknown or expired, or a policy denies the action.

    Args:
        code: AWS's name of the error, for example `AccessDeniedException`.
        message: AWS's sentence for it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who holds a key that may do what was asked."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """What belongs to an access key."""

    access_key: str
    secret: str = field(repr=False)
    session_token: str = field(repr=False)
    """Empty for a key that is not temporary."""
    expires_at: float | None
    """Unix seconds; None for a key that is not temporary."""

    def lives(self, seconds: float) -> bool:
        """Whether the key is good for that much longer."""
        return self.expires_at is None or time.time() + seconds < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The identity service of one MiniStack.

    Attributes:
        url: Where MiniStack answers.
        token: What this server presents.
    """

    url: str
    token: str = field(repr=False)

    def authorize(
        self, *, access_key: str, session_token: str, action: str, resources: list[str], region: str
    ) -> Caller:
        """Return the holder of *access_key*, who may do *action* on every one of *resources*.

        The signature is not looked at: compare it with the secret that is returned.

        Raises:
            IdentityRefusedError: The key or its token is not good, or a policy says no.
        """
        question = {
            "access_key": access_key,
            "session_token": session_token,
            "action": action,
            "resources": resources,
            "region": region,
        }
        return Caller(**self._ask("authorize", question))

    def credential(self, *, access_key: str, region: str) -> IssuedKey:
        """Return what belongs to *access_key*.

        Raises:
            IdentityRefusedError: The key is unknown or expired.
        """
        return IssuedKey(**self._ask("credential", {"access_key": access_key, "region": region}))

    def role_session(
        self, *, role_arn: str, service: str, source_arn: str, session_name: str, region: str, seconds: int
    ) -> IssuedKey:
        """Return keys of *role_arn* for *service*, which acts for *source_arn*.

        Raises:
            IdentityRefusedError: The role's trust policy does not let it.
        """
        question = {
            "role_arn": role_arn,
            "service": service,
            "source_arn": source_arn,
            "session_name": session_name,
            "region": region,
            "seconds": seconds,
        }
        return IssuedKey(**self._ask("role-session", question))

    def _ask(self, what: str, question: dict[str, Any]) -> dict[str, Any]:
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=_TIMEOUT_SECONDS)
        with contextlib.closing(connection):
            connection.request(
                "POST", f"{PATH}{what}", json.dumps(question).encode(), {TOKEN_HEADER: self.token}
            )
            answer = connection.getresponse()
            body: dict[str, Any] = json.load(answer)
        if answer.status != HTTPStatus.OK:
            raise IdentityRefusedError(body["code"], body["message"])
        return body
