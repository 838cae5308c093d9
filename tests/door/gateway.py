"""API Gateway in front of the handler: its events, and the caches of a process that has just started."""

import json
import time

from runtime.door import handlers
from runtime.door.owner import user

ALICE = "arn:aws:iam::111122223333:user/alice"
BOB = "arn:aws:sts::111122223333:assumed-role/Support/bob@example.com"
ISSUER = "https://id.example.com/tenant"
CAROL = "carol@example.com"
"""The subject of a token; issuers may put an address there."""
CAROLS = user(ISSUER, CAROL)
WANTED = '{"transport": "websocket"}'
WANTED_WEBRTC = '{"transport": "webrtc"}'
REQUEST_ID = "JKJaXmPLvHcESHA="


class Gateway:
    """Passes requests on and reads the answers."""

    def __call__(self, route: str, *, session_id: str = "", owner: str = ALICE, body: object = "", **more):
        """Return status, body and headers; a *body* that is no text travels as JSON."""
        text = body if isinstance(body, str) else json.dumps(body)
        response = handlers.handle_request(event(route, session_id, owner, text) | more, None)
        told = json.loads(response["body"]) if "body" in response else None
        return response["statusCode"], told, response["headers"]


def forget() -> None:
    if handlers._relays.cache_info().currsize:
        handlers._relays().close()
    for built in vars(handlers).values():
        if hasattr(built, "cache_clear"):
            built.cache_clear()


def event(route: str, session_id: str, owner: str, body: str) -> dict:
    """Payload format 2.0, as the HTTP API developer guide prints it; *owner* is an ARN or a token's subject."""
    method, _, path = route.partition(" ")
    path = path.replace("{id}", session_id)
    made = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "id.execute-api.us-east-1.amazonaws.com"},
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "api-id",
            "authorizer": signed_by(owner) if owner.startswith("arn:") else holding_token_of(owner),
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": REQUEST_ID,
            "routeKey": route,
            "stage": "$default",
            "timeEpoch": int(time.time() * 1000),
        },
        "body": body,
        "isBase64Encoded": False,
    }
    return made | ({"pathParameters": {"id": session_id}} if session_id else {})


def signed_by(arn: str) -> dict:
    """What API Gateway tells of somebody who signed with AWS credentials."""
    identity = {
        "accessKey": "AKIAIOSFODNN7EXAMPLE",
        "accountId": "111122223333",
        "callerId": "AIDACKCEVSQ6C2EXAMPLE",
        "cognitoIdentity": None,
        "principalOrgId": "o-exampleorgid",
        "userArn": arn,
        "userId": "AIDACKCEVSQ6C2EXAMPLE",
    }
    return {"iam": identity}


def holding_token_of(subject: str, *, issuer: str = ISSUER) -> dict:
    """What API Gateway tells of somebody whose token it has verified: claims are text."""
    claims = {
        "aud": "hotline",
        "email": CAROL,
        "exp": "1800003600",
        "iat": "1800000000",
        "iss": issuer,
        "scope": "openid call",
        "sub": subject,
    }
    return {"jwt": {"claims": claims, "scopes": ["call"]}}
