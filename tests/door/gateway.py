"""API Gateway in front of the handler: its events, and the caches of a process that has just started."""

import json

from runtime.door import handlers

ALICE = "arn:aws:iam::111122223333:user/alice"
BOB = "arn:aws:sts::111122223333:assumed-role/Support/bob@example.com"
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
    """Payload format 2.0, as the HTTP API developer guide prints it."""
    method, _, path = route.partition(" ")
    path = path.replace("{id}", session_id)
    identity = {
        "accessKey": "AKIAIOSFODNN7EXAMPLE",
        "accountId": "111122223333",
        "callerId": "AIDACKCEVSQ6C2EXAMPLE",
        "cognitoIdentity": None,
        "principalOrgId": "o-exampleorgid",
        "userArn": owner,
        "userId": "AIDACKCEVSQ6C2EXAMPLE",
    }
    made = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "id.execute-api.us-east-1.amazonaws.com"},
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "api-id",
            "authorizer": {"iam": identity},
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": REQUEST_ID,
            "routeKey": route,
            "stage": "$default",
            "timeEpoch": 1_800_000_000_000,
        },
        "body": body,
        "isBase64Encoded": False,
    }
    return made | ({"pathParameters": {"id": session_id}} if session_id else {})
