"""HTTP/2 on a socket: `h2` knows the protocol and no sockets; this is the asyncio around it."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Mapping

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from scripts.embedded.bedrock.exchange import Exchange, Piece

type Handler = Callable[[Exchange], Awaitable[None]]


class Connection(asyncio.Protocol):
    """One client's connection; starts *handle* for each of its requests."""

    def __init__(self, handle: Handler, connections: set["Connection"]) -> None:
        self._handle = handle
        self._connections = connections
        self._exchanges: dict[int, tuple[Exchange, asyncio.Task[None]]] = {}
        self._closed = asyncio.Event()
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self._h2 = h2.connection.H2Connection(config)

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to speak HTTP/2."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"HTTP/2 needs a stream transport, not {type(transport).__name__}.")
        self._transport = transport
        # Audio is many small writes; none may wait for the next.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections.add(self)
        self._h2.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client; what is no HTTP/2 ends the connection."""
        try:
            for event in self._h2.receive_data(data):
                self._receive(event)
        except h2.exceptions.ProtocolError:
            self._flush()  # h2 has queued the GOAWAY that tells the client why
            self._close()
            return
        self._flush()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Stop every handler: nobody is left to answer."""
        self._connections.discard(self)
        self._lose_all()
        self._closed.set()

    # --- what an Exchange does

    def acknowledge(self, stream_id: int, window_bytes: int) -> None:
        """Give the client its window back for a piece that was read."""
        with contextlib.suppress(h2.exceptions.ProtocolError):  # the stream is gone: nothing to give
            self._h2.acknowledge_received_data(window_bytes, stream_id)
        self._flush()

    def send_head(self, stream_id: int, status: int, headers: Mapping[str, str]) -> None:
        """Send a response's status and headers."""
        self._h2.send_headers(stream_id, [(":status", str(status)), *headers.items()])
        self._flush()

    def send_data(self, stream_id: int, data: bytearray, *, end: bool) -> int:
        """Send what fits of *data* and return how much that was; with all of it sent, *end*."""
        sent = 0
        while sent < len(data):
            window = self._h2.local_flow_control_window(stream_id)
            room = min(window, self._h2.max_outbound_frame_size, len(data) - sent)
            if room <= 0:
                break
            self._h2.send_data(stream_id, bytes(data[sent : sent + room]))
            sent += room
        if end and sent == len(data):
            self._h2.end_stream(stream_id)
        self._flush()
        return sent

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    async def close(self) -> None:
        """Cut the connection and wait until every handler has ended."""
        handlers = [task for _, task in self._exchanges.values()]
        self._transport.abort()
        await self._closed.wait()
        await asyncio.gather(*handlers, return_exceptions=True)

    # --- events of h2

    def _receive(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived(stream_id=stream_id, headers=headers):
                self._begin(stream_id, {str(name): str(value) for name, value in headers})
            case h2.events.DataReceived(stream_id=stream_id, data=data, flow_controlled_length=length):
                self._deliver(stream_id, Piece(data, length))
            case h2.events.StreamEnded(stream_id=stream_id):
                self._deliver(stream_id, None)
            case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                for exchange, _ in tuple(self._exchanges.values()):
                    exchange.pump()
            case h2.events.StreamReset(stream_id=stream_id):
                self._lose(stream_id)
            case h2.events.ConnectionTerminated():
                self._close()

    def _begin(self, stream_id: int, headers: Mapping[str, str]) -> None:
        exchange = Exchange(self, stream_id, headers)
        task = asyncio.get_running_loop().create_task(self._run(stream_id, exchange))
        self._exchanges[stream_id] = exchange, task

    async def _run(self, stream_id: int, exchange: Exchange) -> None:
        """Handle one request; a handler that fails resets its stream and nothing else."""
        answered = False
        try:
            await self._handle(exchange)
            answered = True
        finally:
            if not answered:
                self._reset(stream_id)
        exchange.end()
        await exchange.sent()
        self._exchanges.pop(stream_id, None)

    def _reset(self, stream_id: int) -> None:
        if self._exchanges.pop(stream_id, None):
            with contextlib.suppress(h2.exceptions.ProtocolError):  # the client was quicker
                self._h2.reset_stream(stream_id, h2.errors.ErrorCodes.INTERNAL_ERROR)
            self._flush()

    def _deliver(self, stream_id: int, piece: Piece | None) -> None:
        known = self._exchanges.get(stream_id)
        if known:
            known[0].receive(piece)
        elif piece:
            self.acknowledge(stream_id, piece.window_bytes)

    def _lose(self, stream_id: int) -> None:
        known = self._exchanges.pop(stream_id, None)
        if known:
            exchange, task = known
            exchange.lose()
            task.cancel()

    def _lose_all(self) -> None:
        for stream_id in tuple(self._exchanges):
            self._lose(stream_id)

    def _close(self) -> None:
        """End the connection; TLS may take a while to, and h2 takes nothing more to send."""
        self._lose_all()
        self._transport.close()

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self._transport.write(data)
