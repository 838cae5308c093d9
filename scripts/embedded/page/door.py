"""The door, as the page reaches it: what CloudFront and a signed-in caller are on AWS."""

import re
from dataclasses import dataclass, field
from typing import Self

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SERVICE = "execute-api"
TIMEOUT_SECONDS = 29
"""API Gateway itself answers within 30 s or not at all."""

# What the page may ask: nothing else of the door is passed on, so that a fault of the page stays a fault of the page.
_ID = r"/sessions/[a-z0-9-]{1,64}"
ROUTES = {
    "POST": re.compile(rf"/sessions|{_ID}/(offer|relays|stats)"),
    "GET": re.compile(_ID),
    "PATCH": re.compile(rf"{_ID}/offer"),
    "DELETE": re.compile(_ID),
}

_PASSED_ON = ("content-type", "retry-after", "x-request-id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the door said."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


class DoorUnreachableError(Exception):
    """The door did not answer; nothing is known of what it did."""


class SignedDoor:
    """Signs what the page asks with the deployer's keys, which never reach the browser.

    Args:
        url: The stack's output `DoorUrl`.
        region: Where it stands; part of the signature.
        credentials: Of somebody whom IAM lets call it.
        http: Its connections.
    """

    def __init__(self, url: str, *, region: str, credentials: Credentials, http: httpx.AsyncClient) -> None:
        self._url = url.rstrip("/")
        self._signer = SigV4Auth(credentials, SERVICE, region)
        self._http = http

    @classmethod
    def knows(cls, method: str, path: str) -> bool:
        """Say whether this is something that the page may ask."""
        return method in ROUTES and bool(ROUTES[method].fullmatch(path))

    async def ask(self, method: str, path: str, body: bytes) -> Answer:
        """Pass a request on.

        Raises:
            DoorUnreachableError: There is no answer.
        """
        headers = {"Content-Type": "application/json"} if body else {}
        request = AWSRequest(method, self._url + path, headers=headers, data=body)
        self._signer.add_auth(request)
        try:
            answer = await self._http.request(
                method, self._url + path, headers=dict(request.headers), content=body
            )
        except httpx.HTTPError as fault:
            raise DoorUnreachableError(type(fault).__name__) from fault
        passed = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
        return Answer(status=answer.status_code, headers=passed, body=answer.content)

    @classmethod
    def with_keys(
        cls, url: str, *, region: str, access_key: str, secret: str, http: httpx.AsyncClient
    ) -> Self:
        """Return a door that is signed for with these keys."""
        return cls(url, region=region, credentials=Credentials(access_key, secret), http=http)
