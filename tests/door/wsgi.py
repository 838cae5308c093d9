"""API Gateway on the door's routes as a WSGI application, for clients that speak HTTP.

Callers have one token, which it knows by heart; guests have those of the authorizer's own key.  How API Gateway
judges tokens is not shown here: attacks/test_tokens.py has one that really looks.
"""

import base64
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from runtime.door import handlers
from runtime.door.authorizer import handle_authorization
from runtime.door.owner import GUESTS
from runtime.door.routes import ROUTES
from runtime.door.telephony.handler import handle_telephony
from tests.door.gateway import ALICE, event
from tests.door.guests import asking
from tests.door.telephony.dialing import event as phone_event

DOCUMENT = Path(__file__).parents[2] / "docs/openapi.json"
JSON = {"content-type": "application/json"}
PHONES = "/telephony/"
ALICES_TOKEN = "a-token-of-alice"


def application(environ, start_response):
    """Serve `/openapi.json`, and everything else as API Gateway would."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].startswith(PHONES):
        response = handle_telephony(_webhook(environ, body), None)
    else:
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        response = _served(environ["REQUEST_METHOD"], environ["PATH_INFO"], authorization, body)
    status = HTTPStatus(response["statusCode"])
    start_response(f"{status.value} {status.phrase}", list(response["headers"].items()))
    return [response.get("body", "").encode()]


def _served(method: str, path: str, authorization: str, body: bytes) -> Mapping[str, Any]:
    if path == "/openapi.json":
        return {"statusCode": 200, "headers": JSON, "body": DOCUMENT.read_text()}
    for key in ROUTES:
        template = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", key.partition(" ")[2])
        found = re.fullmatch(template, path)
        if found and key.startswith(f"{method} "):
            named = found.groupdict()
            return asked(key, named.pop("id", ""), authorization, body, **named)
    return _by_gateway(HTTPStatus.NOT_FOUND)


def asked(
    key: str, session_id: str, authorization: str, body: bytes, *, invite: str = ""
) -> Mapping[str, Any]:
    """Ask who comes, as API Gateway does, and pass on whom it knows."""
    if not authorization:
        return _by_gateway(HTTPStatus.UNAUTHORIZED)
    made = event(key, session_id, ALICE, base64.b64encode(body).decode()) | {"isBase64Encoded": True}
    if invite:
        made["pathParameters"] = {"invite": invite}
    if GUESTS in key:
        # The authorizer that is deployed; the first word is the scheme.
        verdict = handle_authorization(asking(key, authorization.partition(" ")[2], session_id), None)
        if not verdict["isAuthorized"]:
            return _by_gateway(HTTPStatus.FORBIDDEN)
        made["requestContext"]["authorizer"] = {"lambda": verdict["context"]}
    elif authorization != f"Bearer {ALICES_TOKEN}":
        return _by_gateway(HTTPStatus.UNAUTHORIZED)
    return handlers.handle_request(made, None)


def _by_gateway(status: HTTPStatus) -> Mapping[str, Any]:
    headers = {**JSON, "apigw-requestid": "JKJaXmPLvHcESHA="}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"message": status.phrase})}


def _webhook(environ, body: bytes) -> dict[str, Any]:
    sent = {name.removeprefix("HTTP_"): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers = {name.replace("_", "-").lower(): value for name, value in sent.items()}
    return phone_event(environ["PATH_INFO"].removeprefix(PHONES), body, headers)
