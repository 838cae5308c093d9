"""One allocation on a relay: the real thing, so that a probe proves what a call will meet.

Source: RFC 8656.
"""

import asyncio
import socket
import ssl
import struct
from typing import Self

from turn.channel import Channel, MakeSocket, connect
from turn.errors import AllocationError
from turn.ice_server import IceServer
from turn.relay_url import RelayUrl
from turn.stun import (
    Address,
    Attribute,
    Kind,
    MalformedMessageError,
    Message,
    Method,
    long_term_key,
    masked,
)

PATIENCE_SECONDS = 4.0
FIRST_RETRY_SECONDS = 0.25
"""Half of what RFC 8489 says: a relay is far nearer than it assumes, and a caller waits."""

_HUNG_UP = (
    "What listens there has ended the connection.  Check that it is a relay and no web server, and that it has "
    "not been stopped."
)
_UDP = b"\x11\0\0\0"  # protocol 17 (RFC 8656, section 18.7)
_UNAUTHORIZED = 401
_STALE_NONCE = 438
_FIRST_CHANNEL = 0x4000
_CHANNEL_DATA_HEADER_BYTES = 4


class Allocation:
    """A relayed address, open until `close`; made by `open`.

    Attributes:
        relayed: Where the relay receives for us.
        mapped: Where the relay sees us.
        lifetime_seconds: After which the relay forgets it, unless it is refreshed.
    """

    relayed: Address
    mapped: Address
    lifetime_seconds: int

    def __init__(self, server: IceServer, *, patience_seconds: float) -> None:
        self._server = server
        self._patience_seconds = patience_seconds
        self._channel: Channel
        self._waiting: dict[bytes, asyncio.Future[Message]] = {}
        self._is_up = True
        self._realm = self._nonce = b""
        self._channels: dict[int, Address] = {}
        self._received: asyncio.Queue[tuple[Address, bytes]] = asyncio.Queue()

    @classmethod
    async def open(
        cls,
        url: str,
        server: IceServer,
        *,
        make_socket: MakeSocket = socket.socket,
        ssl_context: ssl.SSLContext | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> Self:
        """Allocate through *url* with the password of *server*.

        Raises:
            AllocationError: There is no relay, or it refuses.
        """
        self = cls(server, patience_seconds=patience_seconds)
        try:
            async with asyncio.timeout(patience_seconds):
                self._channel = await connect(
                    RelayUrl.parse(url),
                    self._deliver,
                    self._hung_up,
                    make_socket=make_socket,
                    ssl_context=ssl_context,
                )
        except (OSError, TimeoutError) as failed:
            raise AllocationError(
                f"{url} cannot be reached ({type(failed).__name__}).  Check that the relay runs, and that the "
                "networks on the way let this port out."
            ) from failed
        try:
            await self._allocate()
        except BaseException:
            await self.leave()  # it may have been granted, and the answer be on its way
            raise
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def permit(self, peer: Address) -> None:
        """Let *peer* send to the relayed address.

        Raises:
            AllocationError: The relay refuses that peer.
        """
        await self._request(Method.CREATE_PERMISSION, peer=peer)

    async def bind(self, peer: Address) -> int:
        """Bind a channel to *peer* and return its number.

        Raises:
            AllocationError: The relay refuses that peer.
        """
        number = _FIRST_CHANNEL + len(self._channels)
        value = struct.pack("!HH", number, 0)
        await self._request(Method.CHANNEL_BIND, {Attribute.CHANNEL_NUMBER: value}, peer=peer)
        self._channels[number] = peer
        return number

    async def refresh(self, lifetime_seconds: int) -> None:
        """Keep the allocation for *lifetime_seconds* more; zero ends it.

        Raises:
            AllocationError: The relay has forgotten it, or refuses.
        """
        value = struct.pack("!I", lifetime_seconds)
        await self._request(Method.REFRESH, {Attribute.LIFETIME: value})

    def send(self, data: bytes, *, channel: int) -> None:
        """Send *data* through a bound channel."""
        self._channel.send(struct.pack("!HH", channel, len(data)) + data)

    async def receive(self) -> tuple[Address, bytes]:
        """Wait for the next packet that a peer sent to the relayed address."""
        return await self._received.get()

    async def close(self) -> None:
        """End the allocation and give the socket back, also when the relay does not answer any more."""
        try:
            await self.refresh(0)
        except AllocationError:
            pass  # it is gone already, or will be when its lifetime ends
        finally:
            await self._channel.close()

    async def leave(self) -> None:
        """End the allocation without waiting for the relay's word; should the packet be lost, it expires."""
        if self._is_up:
            message = Message(Method.REFRESH, Kind.REQUEST, {Attribute.LIFETIME: bytes(4)})
            self._channel.send(self._signed(message))
        await self._channel.close()

    async def _allocate(self) -> None:
        answer = await self._request(Method.ALLOCATE, {Attribute.REQUESTED_TRANSPORT: _UDP})
        relayed = answer.address(Attribute.XOR_RELAYED_ADDRESS)
        mapped = answer.address(Attribute.XOR_MAPPED_ADDRESS)
        if relayed is None or mapped is None:
            raise AllocationError("The relay granted an allocation without an address: it is no TURN server.")
        self.relayed, self.mapped = relayed, mapped
        (self.lifetime_seconds,) = struct.unpack("!I", answer.attributes[Attribute.LIFETIME])

    async def _request(
        self, method: Method, attributes: dict[int, bytes] | None = None, *, peer: Address | None = None
    ) -> Message:
        """Ask, and again with the realm and nonce that the relay wants to see."""
        answer = await self._exchange(method, attributes or {}, peer)
        code, _ = answer.error or (0, "")
        if code == _STALE_NONCE or (code == _UNAUTHORIZED and not self._nonce):
            self._realm = answer.attributes.get(Attribute.REALM, self._realm)
            self._nonce = answer.attributes.get(Attribute.NONCE, b"")
            answer = await self._exchange(method, attributes or {}, peer)
        if answer.error:
            code, reason = answer.error
            raise AllocationError(
                f"The relay answers {code} {reason} to {method.name}.  {_advice(code)}", code=code
            )
        return answer

    async def _exchange(self, method: Method, attributes: dict[int, bytes], peer: Address | None) -> Message:
        message = Message(method, Kind.REQUEST, dict(attributes))
        if peer:
            message.attributes[Attribute.XOR_PEER_ADDRESS] = masked(peer, message.transaction)
        if not self._is_up:
            raise AllocationError(_HUNG_UP)
        packet = self._signed(message)
        future = self._waiting[message.transaction] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await self._repeat(packet, future)
        except TimeoutError as silent:
            raise AllocationError(
                f"The relay has not answered {method.name} for {self._patience_seconds:g} s.  Check that it "
                "runs, and that the networks on the way let its answers back in."
            ) from silent
        finally:
            del self._waiting[message.transaction]

    async def _repeat(self, packet: bytes, answer: asyncio.Future[Message]) -> Message:
        pause = FIRST_RETRY_SECONDS
        while True:
            self._channel.send(packet)
            await asyncio.wait([answer], timeout=None if self._channel.reliable else pause)
            if answer.done():
                return answer.result()
            pause *= 2

    def _hung_up(self) -> None:
        self._is_up = False
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(AllocationError(_HUNG_UP))

    def _signed(self, message: Message) -> bytes:
        if not self._nonce:
            return message.encode()
        realm = self._realm.decode(errors="replace")
        message.attributes[Attribute.USERNAME] = self._server.username.encode()
        message.attributes[Attribute.REALM] = self._realm
        message.attributes[Attribute.NONCE] = self._nonce
        return message.encode(long_term_key(self._server.username, realm, self._server.credential))

    def _deliver(self, packet: bytes) -> None:
        if packet[:1] and packet[0] >> 6:
            number, length = struct.unpack_from("!HH", packet)
            data = packet[_CHANNEL_DATA_HEADER_BYTES : _CHANNEL_DATA_HEADER_BYTES + length]
            if number in self._channels:
                self._received.put_nowait((self._channels[number], data))
            return
        try:
            message = Message.decode(packet)
        except MalformedMessageError:
            return  # anybody can send to a UDP port
        waiting = self._waiting.get(message.transaction)
        if waiting and not waiting.done() and message.kind in (Kind.SUCCESS, Kind.ERROR):
            waiting.set_result(message)
        elif message.kind is Kind.INDICATION and (peer := message.address(Attribute.XOR_PEER_ADDRESS)):
            self._received.put_nowait((peer, message.attributes.get(Attribute.DATA, b"")))


def _advice(code: int) -> str:
    return {
        _UNAUTHORIZED: "The password is wrong or expired: issue a new one, and compare the relay's secret.",
        403: "The relay does not send to that peer; it protects private networks.",
        437: "The relay still holds an allocation for this port: try from another one.",
        486: "This name holds as many allocations as it may: end some, or raise user-quota.",
        508: "The relay is full: add a relay.",
    }.get(code, "Look at the relay's log.")
