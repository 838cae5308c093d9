"""One port for both: HTTP/2 for Nova Sonic's streams, HTTP/1.1 for everything else, as TLS has agreed."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

FRAME_BYTES = 1024 * 1024
"""Largest WebSocket message that is taken."""

FAREWELL_SECONDS = 1.0
"""For requests under way when the server is told to stop."""

H2, HTTP1 = "h2", "http/1.1"


class OlderHttp:
    """HTTP/1.1 and WebSockets, by uvicorn's protocols on sockets that somebody else has accepted."""

    def __init__(self, application: ASGIApp) -> None:
        self._state = ServerState()
        self._config = uvicorn.Config(
            application,
            http="h11",
            ws_max_size=FRAME_BYTES,
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        self._config.load()

    def protocol(self) -> asyncio.Protocol:
        """Return what speaks on one connection."""
        made = cast("Callable[..., Any]", self._config.http_protocol_class)
        protocol: asyncio.Protocol = made(config=self._config, server_state=self._state, app_state={})
        return protocol

    async def close(self) -> None:
        """End every connection, and what is being answered."""
        for connection in tuple(self._state.connections):
            connection.shutdown()
        if tasks := tuple(self._state.tasks):
            await asyncio.wait(tasks, timeout=FAREWELL_SECONDS)
        for task in tuple(self._state.tasks):
            task.cancel()
        for connection in tuple(self._state.connections):
            connection.transport.abort()


class Front(asyncio.Protocol):
    """The first protocol of every connection: it hands over to the one that was agreed upon."""

    def __init__(self, newer: Callable[[], asyncio.Protocol], older: Callable[[], asyncio.Protocol]) -> None:
        self._newer = newer
        self._older = older

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand over."""
        agreed = transport.get_extra_info("ssl_object").selected_alpn_protocol()
        protocol = self._newer() if agreed == H2 else self._older()
        cast("asyncio.Transport", transport).set_protocol(protocol)
        protocol.connection_made(transport)


def offer(context: ssl.SSLContext) -> None:
    """Have TLS agree on one of the two."""
    context.set_alpn_protocols([H2, HTTP1])
