"""The paths of MiniStack on which the other servers ask about keys: for holders of a token only."""

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from scripts.embedded.identity import PATH, TOKEN_HEADER
from scripts.embedded.ministack.identity import QUESTIONS, RefusedError

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]


class IdentityEndpoint:
    """An ASGI application that answers the questions and passes everything else on.

    Args:
        inner: MiniStack.
        token: What a caller must present.
    """

    def __init__(self, inner: App, token: str) -> None:
        self._inner = inner
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one question, or let MiniStack answer."""
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await self._inner(scope, receive, send)
            return
        presented = dict(scope["headers"]).get(TOKEN_HEADER.encode(), b"")
        if not hmac.compare_digest(presented, self._token):
            await _answer(send, HTTPStatus.FORBIDDEN, {"code": "AccessDenied", "message": "Not for you."})
            return
        question = json.loads(await _read(receive))
        answer = QUESTIONS[scope["path"].removeprefix(PATH)]
        try:
            await _answer(send, HTTPStatus.OK, answer(question))
        except RefusedError as no:
            await _answer(send, HTTPStatus.FORBIDDEN, {"code": no.code, "message": str(no)})


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _answer(send: Send, status: HTTPStatus, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": content})
