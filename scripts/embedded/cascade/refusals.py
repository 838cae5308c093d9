"""What is answered instead of a service, in the words of its model."""

import json

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from scripts.embedded.bedrock.refusal import Refusal


def invalid(message: str) -> Refusal:
    """Refuse a request that cannot be understood."""
    return Refusal(400, "ValidationException", message)


def unknown(path: str) -> Refusal:
    """Refuse what no service has."""
    return Refusal(404, "UnknownOperationException", f"No operation at {path}.")


def response_to(refusal: Refusal) -> Response:
    """Put a refusal into HTTP."""
    body = json.dumps({"message": refusal.message})
    headers = {"x-amzn-errortype": refusal.code}
    return Response(body, refusal.status, headers, media_type="application/json")


async def refuse_websocket(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a WebSocket's opening handshake with an error."""
    del receive
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    body = json.dumps({"Message": refusal.message}).encode()
    headers = [(b"x-amzn-errortype", refusal.code.encode()), (b"content-type", b"application/json")]
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
