"""Write docs/openapi.json, what programs may ask of the door, from `runtime/door/routes.py` and its models."""

import argparse
import json
import tomllib
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from runtime.door.answers import Problem
from runtime.door.owner import GUESTS
from runtime.door.routes import ROUTES, Route
from scripts.commands import openapi_phones

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "openapi.json"

DESCRIPTION = """\
Opens, connects, shows and ends voice sessions.  Bodies are JSON; a field that is not named here is refused.
Refusals are problem details (RFC 9457) that name every fault.  `x-request-id` of an answer is what to quote.
API Gateway itself answers 401 or 403 to callers it does not know, 404 to paths that are not here, and 429
when it throttles; those bodies are its own, and `apigw-requestid` is what to quote of them."""

type Described = tuple[type[BaseModel], Literal["validation", "serialization"]]

SCHEMAS = "#/components/schemas/"
RESPONSES = "#/components/responses/"
BY_GATEWAY = "AnsweredByGateway"
"""Schema of what API Gateway says itself."""
CALLERS: list[dict[str, list[str]]] = [{"token": []}, {"signature": []}]
GUEST: list[dict[str, list[str]]] = [{"guest": []}]
SECURITY_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token, where the stage's `auth.kind` is `cognito` or `oidc`.",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "AWS Signature Version 4 for `execute-api`, where the stage's `auth.kind` is `iam`.",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "guest": {
        "type": "http",
        "scheme": "bearer",
        "description": "An invite to open its session with, then the token that the answer holds.",
    },
}
SESSION_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "Of a session of the caller's own; another's answers as one that never was.",
    "schema": {"type": "string", "pattern": "^hotline-[0-9a-f-]{36}$"},
}
INVITE_ID = {
    "name": "invite",
    "in": "path",
    "required": True,
    "description": "Of an invite of the caller's own; another's answers as one that never was.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}
NAMED = {"{id}": SESSION_ID, "{invite}": INVITE_ID}

REFUSALS = {
    HTTPStatus.BAD_REQUEST: "The request is not what the route takes; nothing was done.",
    HTTPStatus.UNAUTHORIZED: "There is no token, or none that is good here and now.",
    HTTPStatus.FORBIDDEN: "The caller may not use this route.",
    HTTPStatus.NOT_FOUND: "The caller has no such session or invite, or the stage has no such route.",
    HTTPStatus.CONFLICT: "The session is over, of another transport, or in another state.",
    HTTPStatus.GONE: "The invite was redeemed already, was withdrawn, or is no more.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too long; it was not read.",
    HTTPStatus.TOO_MANY_REQUESTS: "Every place is taken, the caller has begun too many, or all callers send too "
    "much; try again later.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The deployment cannot do this now; try again later.",
}
EVERYWHERE = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
WAITING = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
GATEWAYS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
"""What API Gateway may answer by itself on a path that is here."""


def main() -> int:
    """Run `scripts/openapi`."""
    arguments = argparse.ArgumentParser(prog="scripts/openapi", description=__doc__)
    arguments.parse_args()
    DOCUMENT.write_text(render())
    print(f"Wrote {DOCUMENT.relative_to(ROOT)}")
    return 0


def render() -> str:
    """Return the document."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Hotline: the door", "version": version, "description": DESCRIPTION},
        "paths": {
            **_paths(ROUTES.values()),
            openapi_phones.PATH: openapi_phones.path(RESPONSES, _headers(), _named(Problem)),
        },
        "components": {
            "securitySchemes": {**SECURITY_SCHEMES, **openapi_phones.SECURITY_SCHEMES},
            "responses": {status.name: _refusal(status) for status in REFUSALS},
            "schemas": {**_schemas(ROUTES.values()), BY_GATEWAY: _by_gateway()},
        },
    }
    return json.dumps(document, indent=1) + "\n"


def _paths(routes: Iterable[Route]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        method, _, path = route.key.partition(" ")
        paths.setdefault(path, {})[method.lower()] = _operation(route)
    for path, item in paths.items():
        if named := [one for name, one in NAMED.items() if name in path]:
            item["parameters"] = named
    return paths


def _operation(route: Route) -> dict[str, Any]:
    answers: dict[str, Any] = {str(route.status.value): _answer(route)}
    for status in sorted({*EVERYWHERE, *route.refuses}):
        answers[str(status.value)] = {"$ref": f"{RESPONSES}{status.name}"}
    body = {"requestBody": {"required": True, "content": _json(_named(route.takes))}} if route.takes else {}
    return {
        "operationId": _operation_id(route.key),
        "summary": route.does,
        "security": GUEST if GUESTS in route.key else CALLERS,
        **body,
        "responses": answers,
    }


def _operation_id(key: str) -> str:
    """Turn `POST /sessions/{id}/offer` into `post-sessions-id-offer`."""
    return "-".join(key.lower().translate(str.maketrans("/{}", "   ")).split())


def _answer(route: Route) -> dict[str, Any]:
    described = {"description": route.status.phrase, "headers": _headers()}
    if not route.answers:
        return described
    schemas = [_named(one) for one in route.answers]
    return {**described, "content": _json(schemas[0] if len(schemas) == 1 else {"anyOf": schemas})}


def _refusal(status: HTTPStatus) -> dict[str, Any]:
    by_us = {"application/problem+json": {"schema": _named(Problem)}}
    by_gateway = _json({"$ref": f"{SCHEMAS}{BY_GATEWAY}"}) if status in GATEWAYS else {}
    return {
        "description": REFUSALS[status],
        "headers": _headers(waiting=status in WAITING, always=status not in GATEWAYS),
        "content": {**(by_us if status is not HTTPStatus.UNAUTHORIZED else {}), **by_gateway},
    }


def _headers(*, waiting: bool = False, always: bool = True) -> dict[str, Any]:
    """Describe the headers of an answer; those of the door's own have them *always*, the gateway's have not."""
    text = {"schema": {"type": "string"}}
    headers = {"x-request-id": {"required": always, **text}}
    after = {"retry-after": {"required": always, "description": "Seconds.", **text}}
    gateways = {"apigw-requestid": {"required": False, **text}}
    return {**headers, **(after if waiting else {}), **({} if always else gateways)}


def _by_gateway() -> dict[str, Any]:
    return {
        "description": "What API Gateway answers before the door is asked.",
        "type": "object",
        "properties": {"message": {"type": ["string", "null"]}},
        "required": ["message"],
    }


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _named(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"{SCHEMAS}{model.__name__}"}


def _schemas(routes: Iterable[Route]) -> dict[str, Any]:
    """Describe bodies as they are checked, and answers as they are written."""
    taken = {route.takes for route in routes if route.takes}
    answered: set[type[BaseModel]] = {Problem, *(one for route in routes for one in route.answers)}
    checked: list[Described] = [(model, "validation") for model in taken]
    written: list[Described] = [(model, "serialization") for model in answered]
    both = sorted((*checked, *written), key=lambda one: one[0].__name__)
    _, described = models_json_schema(both, ref_template=f"{SCHEMAS}{{model}}")
    return {name: _untitled(schema) for name, schema in sorted(described["$defs"].items())}


def _untitled(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out pydantic's titles, which are the names of the fields once more."""
    kept = {key: value for key, value in schema.items() if key != "title"}
    if "properties" in kept:
        kept["properties"] = {name: _untitled(one) for name, one in kept["properties"].items()}
    return kept
