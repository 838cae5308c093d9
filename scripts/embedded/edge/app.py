"""`http://localhost:PORT` as the name of a distribution, and loopback as its TLS.

Browsers let a page use the microphone on `localhost`, and not every one of them resolves the names below it
that MiniStack gives distributions.  Nothing is signed, cached, added or left out here: what the page may do
is decided by the deployed distribution, API and authorizers.
"""

from http import HTTPStatus

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

LARGEST_BODY_BYTES = 1024 * 1024
"""Twenty times what any route of the door takes; CloudFront itself passes on 20 GB."""
TIMEOUT_SECONDS = 60
"""Twice what CloudFront gives an origin: it answers by then."""

_HOSTS = ("localhost", "127.0.0.1")
_OF_ONE_CONNECTION = {
    "connection",
    "date",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
}


class Edge:
    """The ASGI application.

    Args:
        distribution: Its `DomainName`, such as `d111111abcdef8.cloudfront.net`.
        services: URL of the MiniStack that it is deployed on.
        port: What this listens on; part of what `Host` must say.
        http: Connections to MiniStack.
    """

    def __init__(self, distribution: str, *, services: str, port: int, http: httpx.AsyncClient) -> None:
        self._name = distribution
        self._services = services
        self._own = {f"{host}:{port}" for host in _HOSTS}
        self._http = http

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; there are no WebSockets here."""
        if scope["type"] != "http":
            return
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        # A page of another site can bend its own name to 127.0.0.1; its browser then still sends that name.
        if request.headers.get("host", "") not in self._own:
            return PlainTextResponse("This server answers on loopback only.", HTTPStatus.MISDIRECTED_REQUEST)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY_BYTES:
                return PlainTextResponse("The request is too long.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            return await self._pass_on(request, body)
        except httpx.HTTPError as fault:
            return PlainTextResponse(
                f"MiniStack does not answer ({type(fault).__name__}).", HTTPStatus.BAD_GATEWAY
            )

    async def _pass_on(self, request: Request, body: bytes) -> Response:
        headers = [(name, value) for name, value in request.headers.items() if name not in _OF_ONE_CONNECTION]
        target = request.scope["raw_path"].decode()
        query = request.scope["query_string"].decode()
        asked = self._http.build_request(
            request.method,
            f"{self._services}{target}{'?' if query else ''}{query}",
            headers=[*headers, ("host", self._name), ("x-forwarded-proto", "https")],
            content=body,
        )
        answer = await self._http.send(asked, stream=True)
        try:
            content = b"".join([piece async for piece in answer.aiter_raw()])
        finally:
            await answer.aclose()
        response = Response(content, answer.status_code)
        response.raw_headers = [
            (name.lower(), value)
            for name, value in answer.headers.raw
            if name.lower().decode() not in _OF_ONE_CONNECTION
        ]
        response.headers["content-length"] = str(len(content))
        return response
