"""One relayed address: a UDP socket, who may send to it, and which channels lead where."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable

from scripts.embedded.turn.refusal import Refusal
from scripts.embedded.turn.relay import PORTS
from turn.stun import Address, Attribute, Kind, Message, Method, masked

PERMISSION_SECONDS = 300
"""RFC 8656, section 9; here a channel lasts as long as its permission, which its client renews in time."""

_CHANNELS = range(0x4000, 0x5000)
_LARGEST_PACKET = 65_535
_TRIES = 50


class RelayedSocket:
    """A client's relayed address, open until `close`.

    Args:
        address: Of the relay; no peer has another one.
        send: Takes a packet for the client.
    """

    def __init__(self, address: str, send: Callable[[bytes], None]) -> None:
        self._host = address
        self._send = send
        self._socket = _bind(address)
        self._permitted_until = 0.0
        self._peers: dict[int, Address] = {}
        self._channels: dict[Address, int] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    @property
    def address(self) -> Address:
        """Where it receives."""
        host, port = self._socket.getsockname()
        return host, port

    def permit(self, peer: Address) -> None:
        """Let *peer* send to the client.

        Raises:
            Refusal: It is not on this relay, which serves calls whose both ends meet on it.
        """
        if ":" in peer[0]:
            raise Refusal(443, "Peer Address Family Mismatch")
        if peer[0] != self._host:
            raise Refusal(403, "Forbidden IP")
        self._permitted_until = self._loop.time() + PERMISSION_SECONDS

    def bind(self, number: int, peer: Address) -> None:
        """Bind channel *number* to *peer*.

        Raises:
            Refusal: One of them is bound already, or the peer is not allowed.
        """
        bound = self._peers.get(number, peer), self._channels.get(peer, number)
        if number not in _CHANNELS or bound != (peer, number):
            raise Refusal(400, "Bad Request")
        self.permit(peer)
        self._peers[number], self._channels[peer] = peer, number

    def forward(self, channel: int, data: bytes) -> None:
        """Send *data* to the peer of *channel*, if there is one."""
        if channel in self._peers:
            self.send(self._peers[channel], data)

    def send(self, peer: Address, data: bytes) -> None:
        """Send *data* to a permitted *peer*: a relayed address, and no other service of this machine."""
        if peer[0] != self._host or peer[1] not in PORTS or self._loop.time() > self._permitted_until:
            return
        try:
            self._socket.sendto(data, peer)
        except OSError:
            return  # its buffer is full, or nobody is there: a lost packet

    def close(self) -> None:
        """Give the port back."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        try:
            data, peer = self._socket.recvfrom(_LARGEST_PACKET)
        except OSError:
            return  # the answer to a packet that nobody was there for
        if peer[0] != self._host or self._loop.time() > self._permitted_until:
            return
        if number := self._channels.get(peer):
            self._send(struct.pack("!HH", number, len(data)) + data)
            return
        message = Message(Method.DATA, Kind.INDICATION, {Attribute.DATA: data})
        message.attributes[Attribute.XOR_PEER_ADDRESS] = masked(peer, message.transaction)
        self._send(message.encode())


def _bind(address: str) -> socket.socket:
    for port in random.sample(PORTS, _TRIES):
        relayed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        relayed.setblocking(False)
        try:
            relayed.bind((address, port))
        except OSError:
            relayed.close()
        else:
            return relayed
    raise Refusal(508, "Insufficient Capacity")
