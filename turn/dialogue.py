"""Questions to a relay and its answers, each matched, repeated, signed and checked.

Source: RFC 8489, sections 6 and 9.2.
"""

import asyncio
import ssl
import struct
from collections.abc import Callable

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
    is_signed,
    long_term_key,
    masked,
)

FIRST_RETRY_SECONDS = 0.25
"""Half of what RFC 8489 says: a relay is far nearer than it assumes, and a caller waits."""

_HUNG_UP = (
    "What listens there has ended the connection.  Check that it is a relay and no web server, and that it has "
    "not been stopped."
)
_UNAUTHORIZED = 401
_STALE_NONCE = 438
_CHANNEL_DATA_HEADER_BYTES = 4


class Dialogue:
    """A connection to a relay, on which things are asked with one password.

    Args:
        server: Whose password signs.
        patience_seconds: How long an answer may take.
        on_data: Gets what peers sent: their address, or the number of their channel, and the data.
    """

    def __init__(
        self,
        server: IceServer,
        *,
        patience_seconds: float,
        on_data: Callable[[Address | int, bytes], None],
    ) -> None:
        self._server = server
        self._patience_seconds = patience_seconds
        self._on_data = on_data
        self._channel: Channel
        self._is_up = True
        self._waiting: dict[bytes, asyncio.Future[Message]] = {}
        self._realm = self._nonce = self._key = b""

    async def connect(self, url: str, make_socket: MakeSocket, ssl_context: ssl.SSLContext | None) -> None:
        """Open the way that *url* names.

        Raises:
            AllocationError: It cannot be opened.
        """
        try:
            async with asyncio.timeout(self._patience_seconds):
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

    async def ask(
        self, method: Method, attributes: dict[int, bytes] | None = None, *, peer: Address | None = None
    ) -> Message:
        """Ask, and again with the realm and nonce that the relay wants to see.

        Raises:
            AllocationError: The relay refuses, or says nothing.
        """
        answer = await self._exchange(method, attributes or {}, peer)
        code, _ = answer.error or (0, "")
        if code == _STALE_NONCE or (code == _UNAUTHORIZED and not self._key):
            self._learn(answer)
            answer = await self._exchange(method, attributes or {}, peer)
        if answer.error:
            code, reason = answer.error
            raise AllocationError(
                f"The relay answers {code} {reason} to {method.name}.  {_advice(code)}", code=code
            )
        return answer

    def tell(self, method: Method, attributes: dict[int, bytes]) -> None:
        """Send a request whose answer does not matter."""
        if self._is_up:
            self._channel.send(self._signed(Message(method, Kind.REQUEST, attributes)))

    def send(self, data: bytes, *, channel: int) -> None:
        """Send *data* through a bound channel."""
        self._channel.send(struct.pack("!HH", channel, len(data)) + data)

    async def close(self) -> None:
        """Give the socket back."""
        await self._channel.close()

    def _learn(self, answer: Message) -> None:
        self._realm = answer.attributes.get(Attribute.REALM, self._realm)
        self._nonce = answer.attributes.get(Attribute.NONCE, b"")
        realm = self._realm.decode(errors="replace")
        self._key = long_term_key(self._server.username, realm, self._server.credential)

    async def _exchange(self, method: Method, attributes: dict[int, bytes], peer: Address | None) -> Message:
        if not self._is_up:
            raise AllocationError(_HUNG_UP)
        message = Message(method, Kind.REQUEST, dict(attributes))
        if peer:
            message.attributes[Attribute.XOR_PEER_ADDRESS] = masked(peer, message.transaction)
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

    def _signed(self, message: Message) -> bytes:
        if not self._key:
            return message.encode()
        message.attributes[Attribute.USERNAME] = self._server.username.encode()
        message.attributes[Attribute.REALM] = self._realm
        message.attributes[Attribute.NONCE] = self._nonce
        return message.encode(self._key)

    def _hung_up(self) -> None:
        self._is_up = False
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(AllocationError(_HUNG_UP))

    def _deliver(self, packet: bytes) -> None:
        if len(packet) >= _CHANNEL_DATA_HEADER_BYTES and packet[0] >> 6:
            number, length = struct.unpack_from("!HH", packet)
            self._on_data(number, packet[_CHANNEL_DATA_HEADER_BYTES : _CHANNEL_DATA_HEADER_BYTES + length])
            return
        try:
            message = Message.decode(packet)
        except MalformedMessageError:
            return  # anybody can send to a UDP port
        waiting = self._waiting.get(message.transaction)
        if waiting and not waiting.done() and self._is_answer(message, packet):
            waiting.set_result(message)
        elif message.kind is Kind.INDICATION and (peer := message.address(Attribute.XOR_PEER_ADDRESS)):
            self._on_data(peer, message.attributes.get(Attribute.DATA, b""))

    def _is_answer(self, message: Message, packet: bytes) -> bool:
        """Whether it is one, and from the relay: a success is signed with the password that we share."""
        if message.kind is Kind.SUCCESS:
            return not self._key or is_signed(packet, self._key)
        return message.kind is Kind.ERROR  # unsigned while the relay does not know who asks


def _advice(code: int) -> str:
    return {
        _UNAUTHORIZED: "The password is wrong or expired: issue a new one, and compare the relay's secret.",
        403: "The relay does not send to that peer; it protects private networks.",
        437: "The relay still holds allocations for the ports that were tried: try again in ten minutes.",
        486: "This name holds as many allocations as it may: end some, or raise user-quota.",
        508: "The relay is full: add a relay.",
    }.get(code, "Look at the relay's log.")
