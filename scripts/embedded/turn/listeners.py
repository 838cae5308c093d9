"""The ways to the small relay: UDP, TCP and TLS on one port, as coturn has them."""

import asyncio
import socket
import ssl
import struct
from contextlib import AsyncExitStack

from scripts.embedded.turn.relay import Relay
from scripts.embedded.turn.service import Client, Service
from turn.stun import HEADER_BYTES, Address

_TLS_HANDSHAKE = b"\x16"
_LONGEST_QUEUE_BYTES = 65_536
"""What waits for a client that does not read; media beyond it is old and is dropped."""


async def serve(relay: Relay, stack: AsyncExitStack) -> None:
    """Listen until *stack* is closed.

    Raises:
        OSError: A port is taken.
    """
    service = Service(relay)
    stack.callback(service.close)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(relay.certificates.certificate_file, relay.certificates.key_file)
    loop = asyncio.get_running_loop()
    for port in relay.listening_ports:
        datagrams, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(service), local_addr=(relay.address, port)
        )
        stack.callback(datagrams.close)
        listener = stack.enter_context(socket.create_server((relay.address, port)))
        listener.setblocking(False)
        streams = _Streams(service, listener, context)
        stack.push_async_callback(streams.close)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, service: Service) -> None:
        self._service = service
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.DatagramTransport):
            self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        client = Client(addr, addr, lambda packet: self._transport.sendto(packet, addr))
        self._service.receive(data, client)


class _Streams:
    """Accepts connections, and sees from the first byte whether they begin with TLS."""

    def __init__(self, service: Service, listener: socket.socket, context: ssl.SSLContext) -> None:
        self._service = service
        self._listener = listener
        self._context = context
        self._open: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept())

    async def close(self) -> None:
        """Hang up on everybody."""
        tasks = [self._accepting, *self._open]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, address = await loop.sock_accept(self._listener)
            task = asyncio.create_task(self._serve(connection, address))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

    async def _serve(self, connection: socket.socket, address: Address) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = asyncio.StreamReader()
        with connection:
            is_tls = await _first_byte(connection) == _TLS_HANDSHAKE
            try:
                transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: asyncio.StreamReaderProtocol(reader),
                    connection,
                    ssl=self._context if is_tls else None,
                )
            except OSError:
                return  # no handshake came of it
            try:
                await self._read(reader, transport, address)
            finally:
                transport.abort()

    async def _read(
        self, reader: asyncio.StreamReader, transport: asyncio.Transport, address: Address
    ) -> None:
        def send(packet: bytes) -> None:
            if transport.get_write_buffer_size() < _LONGEST_QUEUE_BYTES:
                transport.write(packet + bytes(-len(packet) % 4))

        client = Client(transport, address, send)
        try:
            while True:
                self._service.receive(await _packet(reader), client)
        except (asyncio.IncompleteReadError, OSError):
            return  # it hung up
        finally:
            self._service.forget(client.key)


async def _first_byte(connection: socket.socket) -> bytes:
    """Return what a connection begins with, and leave it there."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
        return connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return b""
    finally:
        loop.remove_reader(connection)


async def _packet(reader: asyncio.StreamReader) -> bytes:
    """Read one packet; over streams each is padded to four bytes (RFC 8656, section 12.5)."""
    head = await reader.readexactly(4)
    first, length = struct.unpack("!HH", head)
    if first >> 14:
        data = await reader.readexactly(length + (-length % 4))
        return head + data[:length]
    return head + await reader.readexactly(length + HEADER_BYTES - len(head))
