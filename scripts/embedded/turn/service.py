"""What the small relay is asked, and what it answers.

Source: RFC 8656 (TURN), as far as aiortc and browsers use it: UDP relays over IPv4, long-term credentials.
"""

import asyncio
import struct
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from scripts.embedded.turn.allocation import RelayedSocket
from scripts.embedded.turn.passwords import Passwords
from scripts.embedded.turn.refusal import Refusal
from scripts.embedded.turn.relay import Relay
from turn.stun import Address, Attribute, Kind, MalformedMessageError, Message, Method, masked

LIFETIME_SECONDS = 600
"""As coturn's max-allocate-lifetime in turn/coturn/turnserver.conf, and what clients ask for."""

USER_QUOTA = 12
"""Allocations of one name, where nothing else is said; as in turn/coturn/turnserver.conf."""

_UDP = 17
_IPV4 = 1
_CHANNEL_DATA = 0b01
_CHANNEL_HEADER_BYTES = 4


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who sends packets, for as long as it does so from one address or connection."""

    key: Hashable
    address: Address
    send: Callable[[bytes], None]


@dataclass(slots=True)
class _Allocation:
    relayed: RelayedSocket
    username: str
    key: bytes = field(repr=False)
    transaction: bytes
    end: asyncio.TimerHandle | None = None


class Service:
    """Answers every client of one relay."""

    def __init__(self, relay: Relay) -> None:
        self._address = relay.address
        self._user_quota = relay.user_quota or USER_QUOTA
        self._passwords = Passwords(relay.realm, relay.secret)
        self._allocations: dict[Hashable, _Allocation] = {}
        self._held: Counter[str] = Counter()

    def receive(self, packet: bytes, client: Client) -> None:
        """Take one packet of *client*."""
        allocation = self._allocations.get(client.key)
        if packet and packet[0] >> 6 == _CHANNEL_DATA:
            if allocation and len(packet) >= _CHANNEL_HEADER_BYTES:
                number, length = struct.unpack_from("!HH", packet)
                allocation.relayed.forward(number, packet[4 : 4 + length])
            return
        try:
            message = Message.decode(packet)
            peer = message.address(Attribute.XOR_PEER_ADDRESS)
        except (MalformedMessageError, ValueError, struct.error):
            return  # anybody can send to a port
        if message.kind is Kind.REQUEST:
            client.send(self._answer(message, packet, client))
        elif allocation and peer and (message.kind, message.method) == (Kind.INDICATION, Method.SEND):
            allocation.relayed.send(peer, message.attributes.get(Attribute.DATA, b""))

    def forget(self, client: Hashable) -> None:
        """End the allocation of a client that has gone; harmless when there is none."""
        if allocation := self._allocations.pop(client, None):
            self._held[_name(allocation.username)] -= 1
            allocation.relayed.close()
            if allocation.end:
                allocation.end.cancel()

    def close(self) -> None:
        """End every allocation."""
        for client in list(self._allocations):
            self.forget(client)

    def _answer(self, request: Message, packet: bytes, client: Client) -> bytes:
        key = None
        try:
            if request.method is Method.BINDING:
                mapped = masked(client.address, request.transaction)
                attributes: dict[int, bytes] = {Attribute.XOR_MAPPED_ADDRESS: mapped}
            else:
                key = self._authenticated(request, packet, client)
                attributes = self._serve(request, client, key)
        except Refusal as no:
            error = Message(request.method, Kind.ERROR, no.attributes, request.transaction)
            return error.encode(None if Attribute.NONCE in no.attributes else key)
        return Message(request.method, Kind.SUCCESS, attributes, request.transaction).encode(key)

    def _authenticated(self, request: Message, packet: bytes, client: Client) -> bytes:
        """Return the key that signed; as in coturn an allocation outlives the password that made it."""
        username = request.attributes.get(Attribute.USERNAME, b"").decode(errors="replace")
        allocation = self._allocations.get(client.key)
        if allocation and allocation.username != username and Attribute.NONCE in request.attributes:
            raise Refusal(441, "Wrong Credentials")
        key = allocation.key if allocation else self._passwords.key_for(username)
        self._passwords.check(request, packet, key)
        return key

    def _serve(self, request: Message, client: Client, key: bytes) -> dict[int, bytes]:
        allocation = self._allocations.get(client.key)
        if request.method is Method.ALLOCATE:
            return self._allocate(request, client, key)
        if allocation is None:
            raise Refusal(437, "Allocation Mismatch")
        if request.method is Method.REFRESH:
            return self._refresh(request, client, allocation)
        peer = request.address(Attribute.XOR_PEER_ADDRESS)
        if peer and request.method is Method.CREATE_PERMISSION:
            allocation.relayed.permit(peer)
        elif peer and request.method is Method.CHANNEL_BIND:
            number = int.from_bytes(request.attributes.get(Attribute.CHANNEL_NUMBER, b"")[:2])
            allocation.relayed.bind(number, peer)
        else:
            raise Refusal(400, "Bad Request")
        return {}

    def _allocate(self, request: Message, client: Client, key: bytes) -> dict[int, bytes]:
        allocation = self._allocations.get(client.key)
        if allocation is None:
            allocation = self._allocations[client.key] = self._new(request, client, key)
            self._live(client.key, allocation, LIFETIME_SECONDS)
        elif allocation.transaction != request.transaction:  # the same one is a repeated question
            raise Refusal(437, "Allocation Mismatch")
        return {
            Attribute.XOR_RELAYED_ADDRESS: masked(allocation.relayed.address, request.transaction),
            Attribute.XOR_MAPPED_ADDRESS: masked(client.address, request.transaction),
            Attribute.LIFETIME: struct.pack("!I", LIFETIME_SECONDS),
        }

    def _new(self, request: Message, client: Client, key: bytes) -> _Allocation:
        if request.attributes.get(Attribute.REQUESTED_TRANSPORT, b"")[:1] != bytes([_UDP]):
            raise Refusal(442, "Unsupported Transport Protocol")
        if request.attributes.get(Attribute.REQUESTED_ADDRESS_FAMILY, bytes([_IPV4]))[:1] != bytes([_IPV4]):
            raise Refusal(440, "Address Family not Supported")
        username = request.attributes[Attribute.USERNAME].decode()
        if self._held[_name(username)] >= self._user_quota:
            raise Refusal(486, "Allocation Quota Reached")
        relayed = RelayedSocket(self._address, client.send)
        self._held[_name(username)] += 1
        return _Allocation(relayed, username, key, request.transaction)

    def _refresh(self, request: Message, client: Client, allocation: _Allocation) -> dict[int, bytes]:
        asked = request.attributes.get(Attribute.LIFETIME)
        seconds = min(LIFETIME_SECONDS, int.from_bytes(asked)) if asked else LIFETIME_SECONDS
        self._live(client.key, allocation, seconds)
        return {Attribute.LIFETIME: struct.pack("!I", seconds)}

    def _live(self, client: Hashable, allocation: _Allocation, seconds: int) -> None:
        if allocation.end:
            allocation.end.cancel()
        allocation.end = asyncio.get_running_loop().call_later(seconds, self.forget, client)


def _name(username: str) -> str:
    """Return whom a quota is for: without the expiry, so that a new password brings no new quota."""
    return username.partition(":")[2]
