"""How packets travel to a relay and back: over UDP, over TCP, over TLS."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Protocol

from turn.relay_url import RelayUrl
from turn.stun import HEADER_BYTES

type Deliver = Callable[[bytes], None]
type HungUp = Callable[[], None]
type MakeSocket = Callable[[int, int], socket.socket]
"""Makes a socket of a family and a type; where, is the caller's choice."""

_CHANNEL_DATA_HEADER_BYTES = 4


class Channel(Protocol):
    """A way to a relay."""

    reliable: bool
    """Whether what is sent arrives, or the way is broken: nothing needs to be sent twice."""

    def send(self, packet: bytes) -> None:
        """Send one STUN message or one ChannelData message."""

    async def close(self) -> None:
        """Give the socket back."""


async def connect(
    url: RelayUrl,
    deliver: Deliver,
    hung_up: HungUp,
    *,
    make_socket: MakeSocket = socket.socket,
    ssl_context: ssl.SSLContext | None = None,
) -> Channel:
    """Open the way that *url* names.

    Args:
        url: Where the relay listens, and how.
        deliver: Gets each packet that comes back.
        hung_up: Called when the relay ends a stream; a datagram's end says nothing.
        make_socket: Makes the socket.
        ssl_context: Whom to trust; by default whom this machine trusts.

    Raises:
        OSError: It cannot be opened.
    """
    loop = asyncio.get_running_loop()
    kind = socket.SOCK_DGRAM if url.transport == "udp" else socket.SOCK_STREAM
    (family, _, _, _, address), *_ = await loop.getaddrinfo(url.host, url.port, type=kind)
    connection = make_socket(family, kind)
    try:
        connection.setblocking(False)
        await loop.sock_connect(connection, address)
        if kind == socket.SOCK_DGRAM:
            _, datagrams = await loop.create_datagram_endpoint(lambda: _Datagrams(deliver), sock=connection)
            return datagrams
        reader, writer = await asyncio.open_connection(sock=connection)
    except BaseException:
        connection.close()
        raise
    try:
        if url.tls:
            context = ssl_context or ssl.create_default_context()
            await writer.start_tls(context, server_hostname=url.host)
    except BaseException:
        await _cut(writer)
        raise
    return _Stream(reader, writer, deliver, hung_up)


async def _cut(writer: asyncio.StreamWriter) -> None:
    """Close a stream without a farewell: a relay that is gone would keep us waiting for its share of it.

    Not `wait_closed`: after a TLS handshake that was given up it waits for ever (Python 3.13).  The event loop
    closes the socket in its next round.
    """
    writer.transport.abort()
    await asyncio.sleep(0)


class _Datagrams(asyncio.DatagramProtocol):
    reliable = False

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - connected: there is one
        self._deliver(data)

    def error_received(self, exc: Exception) -> None:
        """Nothing: a port that is closed now may be open at the next try, and silence has its limit."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - closed is closed
        self._closed.set()

    def send(self, packet: bytes) -> None:
        if self._transport:
            self._transport.sendto(packet)

    async def close(self) -> None:
        if self._transport:
            self._transport.close()
            await self._closed.wait()


class _Stream:
    reliable = True

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        deliver: Deliver,
        hung_up: HungUp,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._deliver = deliver
        self._hung_up = hung_up
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                self._deliver(await self._packet())
        except (asyncio.IncompleteReadError, OSError):
            self._hung_up()

    async def _packet(self) -> bytes:
        """Read one packet; over streams each is padded to four bytes (RFC 8656, section 12.5)."""
        head = await self._reader.readexactly(_CHANNEL_DATA_HEADER_BYTES)
        first, length = struct.unpack("!HH", head)
        if first >> 14:
            data = await self._reader.readexactly(length + (-length % 4))
            return head + data[:length]
        return head + await self._reader.readexactly(length + HEADER_BYTES - len(head))

    def send(self, packet: bytes) -> None:
        self._writer.write(packet + bytes(-len(packet) % 4))

    async def close(self) -> None:
        self._reading.cancel()
        await _cut(self._writer)
        await asyncio.gather(self._reading, return_exceptions=True)
