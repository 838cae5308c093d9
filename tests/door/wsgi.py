"""API Gateway on the door's routes as a WSGI application, for clients that speak HTTP."""

import base64
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from runtime.door import handlers
from runtime.door.owner import GUESTS
from runtime.door.routes import ROUTES
from runtime.door.telephony.handler import handle_telephony
from tests.door.gateway import ALICE, event
from tests.door.telephony.dialing import event as phone_event

DOCUMENT = Path(__file__).parents[2] / "docs/openapi.json"
JSON = {"content-type": "application/json"}
PHONES = "/telephony/"


def application(environ, start_response):
    """Serve `/openapi.json`, and everything else as API Gateway would."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].startswith(PHONES):
        response = handle_telephony(_webhook(environ, body), None)
    else:
        response = _served(environ["REQUEST_METHOD"], environ["PATH_INFO"], body)
    status = HTTPStatus(response["statusCode"])
    start_response(f"{status.value} {status.phrase}", list(response["headers"].items()))
    return [response.get("body", "").encode()]


def _served(method: str, path: str, body: bytes) -> Mapping[str, Any]:
    if path == "/openapi.json":
        return {"statusCode": 200, "headers": JSON, "body": DOCUMENT.read_text()}
    for key in ROUTES:
        template = re.escape(key.partition(" ")[2]).replace(r"\{id\}", "(?P<id>[^/]+)")
        found = re.fullmatch(template, path)
        if found and key.startswith(f"{method} "):
            return handlers.handle_request(_event(key, found.groupdict().get("id", ""), body), None)
    return {"statusCode": 404, "headers": JSON, "body": '{"message":"Not Found"}'}


def _event(key: str, session_id: str, body: bytes) -> dict[str, Any]:
    made = event(key, session_id, ALICE, base64.b64encode(body).decode()) | {"isBase64Encoded": True}
    if GUESTS in key:
        made["requestContext"]["authorizer"] = {"lambda": {"invite": "an-invite", "session": session_id}}
    return made


def _webhook(environ, body: bytes) -> dict[str, Any]:
    sent = {name.removeprefix("HTTP_"): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers = {name.replace("_", "-").lower(): value for name, value in sent.items()}
    return phone_event(environ["PATH_INFO"].removeprefix(PHONES), body, headers)
