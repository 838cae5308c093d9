"""Between API Gateway's events and what they ask for; answers that refuse are problem details.

Source: "Working with AWS Lambda proxy integrations for HTTP APIs", payload format 2.0; RFC 9457.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from runtime.door.errors import (
    AgentCoreUnavailableError,
    BodyTooLargeError,
    CallerUnknownError,
    ConcurrencyReachedError,
    InvalidRequestError,
    LedgerUnavailableError,
    RouteUnknownError,
    SessionUnknownError,
)
from runtime.errors import HotlineError, SettingsError

MAX_BODY_BYTES = 1_024
"""Forty times what a request for a session needs; anything longer is no such request."""

RETRY_AFTER_SECONDS = 10
"""When a refused caller should ask again: calls last minutes, so some place is soon free."""

TRANSPORTS = ("websocket",)

_STATUS: dict[type[HotlineError], HTTPStatus] = {
    InvalidRequestError: HTTPStatus.BAD_REQUEST,
    CallerUnknownError: HTTPStatus.FORBIDDEN,
    RouteUnknownError: HTTPStatus.NOT_FOUND,
    SessionUnknownError: HTTPStatus.NOT_FOUND,
    BodyTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ConcurrencyReachedError: HTTPStatus.TOO_MANY_REQUESTS,
    LedgerUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    AgentCoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    SettingsError: HTTPStatus.SERVICE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the API by an authenticated caller."""

    route: str
    """Method and path template, such as `GET /sessions/{id}`."""
    request_id: str
    session_id: str
    """Empty on routes that name none."""
    owner: str = field(repr=False)
    body: bytes = field(repr=False)

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "Request":
        """Read an event of payload format 2.0.

        Raises:
            CallerUnknownError: API Gateway authenticated nobody.
            InvalidRequestError: The body is not what its encoding says.
        """
        context = event["requestContext"]
        iam = (context.get("authorizer") or {}).get("iam") or {}
        if not iam.get("userArn"):
            raise CallerUnknownError("Sign the request with AWS credentials (Signature Version 4).")
        return cls(
            route=event["routeKey"],
            request_id=context["requestId"],
            session_id=(event.get("pathParameters") or {}).get("id", ""),
            owner=iam["userArn"],
            body=_body(event),
        )

    def transport(self) -> str:
        """Return the transport that the body asks for.

        Raises:
            BodyTooLargeError: The body is longer than any such request.
            InvalidRequestError: The body is anything but an object with a transport that we speak.
        """
        if len(self.body) > MAX_BODY_BYTES:
            raise BodyTooLargeError(f"Send at most {MAX_BODY_BYTES} bytes, not {len(self.body)}.")
        try:
            asked = json.loads(self.body)
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict) or asked.keys() != {"transport"}:
            raise InvalidRequestError('Send one JSON object with one key: {"transport": "websocket"}.')
        if asked["transport"] not in TRANSPORTS:
            raise InvalidRequestError(f"The transport must be one of: {', '.join(TRANSPORTS)}.")
        transport: str = asked["transport"]
        return transport


def answer(status: HTTPStatus, body: Mapping[str, Any], request_id: str) -> dict[str, Any]:
    """Make the response; nobody may keep it, because it may hold a way into a call."""
    headers = {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-request-id": request_id,
    }
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def problem(fault: HotlineError, request_id: str) -> dict[str, Any]:
    """Make the response for what could not be done.

    What is wrong with the deployment is for its operators' logs; the caller learns that it is not theirs.
    """
    status = _STATUS[type(fault)]
    detail = str(fault)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        detail = (
            "The door cannot do this at the moment, and no session was opened.  Try again shortly; if it lasts, "
            "give the request id to the people who run this deployment."
        )
    body = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    response = answer(status, {**body, "request_id": request_id}, request_id)
    response["headers"]["content-type"] = "application/problem+json"
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        response["headers"]["retry-after"] = str(RETRY_AFTER_SECONDS)
    return response


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequestError("The body is not valid base64.") from None
