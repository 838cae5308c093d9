"""uvicorn, as the web servers of the embedded cloud run it."""

import socket

import uvicorn
from starlette.types import ASGIApp

from scripts.embedded.listening import announce

_CLOSE_SECONDS = 1
"""Grace for open connections when the server is told to stop."""


class WebServer(uvicorn.Server):
    """Serves one application, and says in one line when it does.

    Args:
        application: What answers.
        port: What to announce.
        frame_bytes: Largest WebSocket message that is taken; 0 where there are no WebSockets.
    """

    def __init__(self, application: ASGIApp, port: int, *, frame_bytes: int = 0) -> None:
        config = uvicorn.Config(
            application,
            ws="auto" if frame_bytes else "none",
            ws_max_size=frame_bytes,
            ws_per_message_deflate=False,
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=_CLOSE_SECONDS,
        )
        super().__init__(config)
        self._port = port

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve, and tell the parent."""
        await super().startup(sockets)
        announce(port=self._port)
