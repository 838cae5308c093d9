"""Between API Gateway's events and what they ask for; answers that refuse are problem details.

Every answer of the door's carries the request id as `x-request-id`.  What API Gateway answers by itself (a
token that it refuses, a throttle, a route that is none) carries the same kind of id as `apigw-requestid`, which
it adds to every answer; an HTTP API lets nobody change the body or the headers of those.

Source: "Working with AWS Lambda proxy integrations for HTTP APIs", payload format 2.0; RFC 9457.
"""

import base64
import binascii
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeGuard

from runtime.door.answers import Problem, ProblemFault
from runtime.door.errors import (
    AgentCoreUnavailableError,
    AgentRefusedError,
    BodyTooLargeError,
    BudgetSpentError,
    CallerLimitError,
    CallerUnknownError,
    ConcurrencyReachedError,
    ForeignPageError,
    InvalidRequestError,
    InviteSpentError,
    InviteUnknownError,
    KeyUnavailableError,
    LedgerUnavailableError,
    RelaysUnavailableError,
    RouteUnknownError,
    SessionConflictError,
    SessionUnknownError,
    ShareTakenError,
    TooManyBegunError,
    UnforeseenError,
    WebhookForgedError,
    WebhookReplayedError,
)
from runtime.door.models import Answer
from runtime.door.owner import keep_guests_apart, owner_of
from runtime.errors import HotlineError, SettingsError

# Answers are for programs: no page may be made of them, around them, or know where they came from.
_GUARDS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

RETRY_AFTER_SECONDS = 10
"""When a refused caller should ask again: calls last minutes, so some place is soon free."""

BUDGET_RETRY_AFTER_SECONDS = 3_600
"""A person must act first."""

BUDGET_SPENT = "urn:hotline:problem:budget-spent"
"""What programs know a closed budget switch by."""

_STATUS: dict[type[HotlineError], HTTPStatus] = {
    InvalidRequestError: HTTPStatus.BAD_REQUEST,
    CallerUnknownError: HTTPStatus.FORBIDDEN,
    ForeignPageError: HTTPStatus.FORBIDDEN,
    RouteUnknownError: HTTPStatus.NOT_FOUND,
    SessionUnknownError: HTTPStatus.NOT_FOUND,
    SessionConflictError: HTTPStatus.CONFLICT,
    InviteUnknownError: HTTPStatus.NOT_FOUND,
    InviteSpentError: HTTPStatus.GONE,
    WebhookForgedError: HTTPStatus.FORBIDDEN,
    WebhookReplayedError: HTTPStatus.CONFLICT,
    BodyTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ConcurrencyReachedError: HTTPStatus.TOO_MANY_REQUESTS,
    CallerLimitError: HTTPStatus.TOO_MANY_REQUESTS,
    ShareTakenError: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyBegunError: HTTPStatus.TOO_MANY_REQUESTS,
    UnforeseenError: HTTPStatus.INTERNAL_SERVER_ERROR,
    BudgetSpentError: HTTPStatus.SERVICE_UNAVAILABLE,
    KeyUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    LedgerUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    RelaysUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    AgentCoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    AgentRefusedError: HTTPStatus.SERVICE_UNAVAILABLE,
    SettingsError: HTTPStatus.SERVICE_UNAVAILABLE,
}

# What a caller may know of why they cannot be served.
_MISSING: dict[type[HotlineError], str] = {
    RelaysUnavailableError: "There is no relay for the audio",
    AgentCoreUnavailableError: "The voice agent does not answer",
    AgentRefusedError: "The voice agent does not answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the API by an authenticated caller."""

    route: str
    """Method and path template, such as `GET /sessions/{id}`."""
    request_id: str
    session_id: str
    """Empty on routes that name none."""
    invite_id: str
    """Likewise."""
    owner: str = field(repr=False)
    body: bytes = field(repr=False)

    @classmethod
    def from_event(cls, event: Mapping[str, Any], *, most_bytes: int) -> "Request":
        """Read an event of payload format 2.0, whose body may have *most_bytes*.

        Raises:
            CallerUnknownError: API Gateway authenticated nobody.
            InvalidRequestError: The body is not what its encoding says.
            BodyTooLargeError: The body is longer than any that the route takes.
        """
        context, route = event["requestContext"], event["routeKey"]
        named = event.get("pathParameters") or {}
        session_id = named.get("id", "")
        authorizer = context.get("authorizer") or {}
        keep_guests_apart(authorizer, route=route, session_id=session_id)
        return cls(
            route=route,
            request_id=context["requestId"],
            session_id=session_id,
            invite_id=named.get("invite", ""),
            owner=owner_of(authorizer),
            body=body_of(event, most_bytes),
        )


def answer(status: HTTPStatus, body: Answer | None, request_id: str) -> dict[str, Any]:
    """Make the response; nobody may keep it, because it may hold a way into a call."""
    headers = {**_GUARDS, "x-request-id": request_id}
    if body is None:
        return {"statusCode": status, "headers": headers}
    headers["content-type"] = "application/json"
    return {"statusCode": status, "headers": headers, "body": body.model_dump_json()}


def has_answer(fault: Exception) -> TypeGuard[HotlineError]:
    """Say whether *fault* is one that a caller may hear of; any other is the door's own."""
    return type(fault) in _STATUS


def problem(fault: HotlineError, request_id: str) -> dict[str, Any]:
    """Make the response for what could not be done.

    What is wrong with the deployment is for its operators' logs; the caller learns that it is not theirs.
    """
    status = _STATUS[type(fault)]
    detail = str(fault)
    if isinstance(fault, BudgetSpentError):
        detail = (
            "New calls are not taken at the moment; calls that are on go on.  Try again in an hour or later."
        )
    elif status is HTTPStatus.SERVICE_UNAVAILABLE:
        detail = (
            f"{_MISSING.get(type(fault), 'The door cannot do this')} at the moment.  Try "
            "again shortly; if it lasts, give the request id to the people who run this deployment."
        )
    faults = fault.faults if isinstance(fault, InvalidRequestError) else ()
    body = Problem(
        type=BUDGET_SPENT if isinstance(fault, BudgetSpentError) else "about:blank",
        title=status.phrase,
        status=status,
        detail=detail,
        request_id=request_id,
        errors=[ProblemFault(where=one.where, what=one.what) for one in faults],
    )
    response = answer(status, body, request_id)
    response["headers"]["content-type"] = "application/problem+json"
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        response["headers"]["retry-after"] = str(_wait(fault))
    return response


def _wait(fault: HotlineError) -> int:
    if isinstance(fault, TooManyBegunError):
        return fault.retry_seconds
    return BUDGET_RETRY_AFTER_SECONDS if isinstance(fault, BudgetSpentError) else RETRY_AFTER_SECONDS


def body_of(event: Mapping[str, Any], most_bytes: int) -> bytes:
    """Return the body, whose length is looked at before anything is made of it."""
    text = str(event.get("body") or "")
    encoded = bool(event.get("isBase64Encoded"))
    if len(text) > (_encoded_length(most_bytes) if encoded else most_bytes):
        raise _too_large(most_bytes)
    # Half of a surrogate pair is no text: it must not break the door before a model refuses it.
    body = _decoded(text) if encoded else text.encode(errors="surrogatepass")
    if len(body) > most_bytes:
        raise _too_large(most_bytes)
    return body


def _encoded_length(decoded: int) -> int:
    """Return the length of *decoded* bytes in base64."""
    return 4 * math.ceil(decoded / 3)


def _too_large(most_bytes: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"The body is too long; send at most {most_bytes} bytes.")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequestError("The body is not valid base64.") from None
