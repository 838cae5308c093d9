"""What shows the door who calls: a signature made with AWS credentials, or a token of the stage's issuer."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

SERVICE = "execute-api"


class Proof(Protocol):
    """Goes with every request."""

    def put_on(self, request: AWSRequest) -> None:
        """Add it to *request*."""

    def advice(self, status: int) -> str:
        """Return what to do when the door refuses with *status*; empty when it is not about who calls."""


class Signature:
    """Signature Version 4.

    Args:
        region: Where the door stands; part of the signature.
        credentials: Of somebody whom IAM lets call it.
    """

    def __init__(self, region: str, credentials: ReadOnlyCredentials) -> None:
        self._signer = SigV4Auth(credentials, SERVICE, region)

    def put_on(self, request: AWSRequest) -> None:
        """Sign *request*."""
        self._signer.add_auth(request)

    def advice(self, status: int) -> str:
        """Name the right that is missing."""
        if status != HTTPStatus.FORBIDDEN:
            return ""
        return "  Your credentials need execute-api:Invoke on the door."


class Bearer:
    """An access token.

    Args:
        token: Returns one that is good for the next request.
    """

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def put_on(self, request: AWSRequest) -> None:
        """Send the token along."""
        request.headers["Authorization"] = f"Bearer {self._token()}"

    def advice(self, status: int) -> str:
        """Say what may be wrong with the token, which is not repeated."""
        match status:
            case HTTPStatus.UNAUTHORIZED:
                return "  The token is no token, has expired, or is not meant for this door: sign in again."
            case HTTPStatus.FORBIDDEN:
                return "  The token has none of the scopes that this door wants; an ID token has none at all."
            case _:
                return ""
