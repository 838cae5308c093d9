"""The call page on this machine: its files, and the door behind `/api`."""

import json
import mimetypes
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from scripts.embedded.page.door import DoorUnreachableError, SignedDoor
from scripts.embedded.page.security import allowed_hosts, is_own, security_headers

API = "/api"
LARGEST_BODY_BYTES = 64 * 1024
"""Twice the largest that the door takes: an offer of 32 KB."""
STAGE = "/stage.json"
_SAFE = ("GET", "HEAD")


class RefusedError(Exception):
    """The request is not for this server, or not from its page."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class PageServer:
    """The ASGI application.

    Args:
        folder: The page as `scripts/page` made it; read once.
        door: Where `/api` leads.
        port: Where this listens; part of what `Host` and `Origin` must say.
        agent: Origin of the agent's WebSocket.
    """

    def __init__(self, folder: Path, *, door: SignedDoor, port: int, agent: str) -> None:
        files = folder / "files"
        self._files = {
            f"/page/{file.relative_to(files)}": file.read_bytes() for file in files.rglob("*") if file.is_file()
        }
        self._files["/"] = self._files.pop("/page/index.html")
        self._files[STAGE] = json.dumps({"embedded": True}).encode()
        self._door = door
        self._hosts = allowed_hosts(port)
        self._headers = security_headers(agent)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; there are no WebSockets here."""
        if scope["type"] != "http":
            return
        response = await self._respond(Request(scope, receive))
        response.headers.update({"cache-control": "no-store", **self._headers})
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        host = request.headers.get("host", "")
        if host not in self._hosts:
            return problem(HTTPStatus.MISDIRECTED_REQUEST, "This server answers on loopback only.")
        try:
            if request.url.path.startswith(f"{API}/"):
                return await self._ask_door(request, host)
            return self._file(request)
        except RefusedError as refusal:
            return problem(refusal.status, str(refusal))

    def _file(self, request: Request) -> Response:
        path = request.url.path
        if request.method not in _SAFE:
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "Files can only be read.")
        if path not in self._files:
            raise RefusedError(HTTPStatus.NOT_FOUND, "The page has no such file.")
        kind = mimetypes.guess_type(path)[0] or "text/html"
        return Response(self._files[path], media_type=kind)

    async def _ask_door(self, request: Request, host: str) -> Response:
        path = request.url.path.removeprefix(API)
        if not self._door.knows(request.method, path):
            raise RefusedError(HTTPStatus.NOT_FOUND, "The page has no use for this part of the door.")
        if not is_own(request.headers, host, changes=request.method not in _SAFE):
            raise RefusedError(HTTPStatus.FORBIDDEN, "Only the call page itself may ask the door.")
        body = await _body(request)
        try:
            answer = await self._door.ask(request.method, path, body)
        except DoorUnreachableError as fault:
            return problem(HTTPStatus.BAD_GATEWAY, f"The door does not answer ({fault}).")
        return Response(answer.body, status_code=answer.status, headers=answer.headers)


def problem(status: HTTPStatus, detail: str) -> Response:
    """Say what is wrong, as the door does (RFC 9457)."""
    body = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    return Response(json.dumps(body), status_code=status, media_type="application/problem+json")


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "No request of the page is so long.")
    return body
