"""Invites and guests' tokens as the door of stage `test` makes them."""

import time


def create_key(kms) -> str:
    """Make an HMAC key as the stack does, and return its ARN."""
    made = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    return made["KeyMetadata"]["Arn"]


def asking(route: str, token: str, session_id: str = "") -> dict:
    """The event with which API Gateway asks a Lambda authorizer, payload format 2.0.

    Source: "Control access to HTTP APIs with AWS Lambda authorizers", API Gateway Developer Guide.
    """
    method, _, path = route.partition(" ")
    path = path.replace("{id}", session_id)
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": f"arn:aws:execute-api:us-east-1:111122223333:api-id/$default/{method}{path}",
        "identitySource": [f"Bearer {token}"],
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"authorization": f"Bearer {token}", "host": "id.execute-api.us-east-1.amazonaws.com"},
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "api-id",
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route,
            "stage": "$default",
            "timeEpoch": int(time.time() * 1000),
        },
        "pathParameters": {"id": session_id} if session_id else None,
        "stageVariables": None,
    }
