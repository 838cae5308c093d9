"""One allocation on a relay: the real thing, so that a probe proves what a call will meet.

Source: RFC 8656.
"""

import asyncio
import socket
import ssl
import struct
from typing import Self

from turn.channel import MakeSocket
from turn.dialogue import Dialogue
from turn.errors import AllocationError
from turn.ice_server import IceServer
from turn.stun import Address, Attribute, Method

PATIENCE_SECONDS = 4.0
"""For a relay to answer, its retransmissions included; then it is taken for dead."""

PORTS_TRIED = 3
"""A relay answers 437 while it holds an allocation of whoever had our port before (RFC 8656, section 7.4)."""

_MISMATCH = 437
_UDP = b"\x11\0\0\0"  # protocol 17 (section 18.7)
_FIRST_CHANNEL = 0x4000


class Allocation:
    """A relayed address, open until `close` or `leave`; made by `open`.

    Attributes:
        relayed: Where the relay receives for us.
        mapped: Where the relay sees us.
        lifetime_seconds: After which the relay forgets it, unless it is refreshed.
    """

    relayed: Address
    mapped: Address
    lifetime_seconds: int

    def __init__(self, server: IceServer, *, patience_seconds: float) -> None:
        self._dialogue = Dialogue(server, patience_seconds=patience_seconds, on_data=self._keep)
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

        Args:
            url: Where the relay listens.
            server: Whose password opens it; its own URLs do not matter.
            make_socket: Makes the socket.
            ssl_context: Whom to trust over TLS; by default whom this machine trusts.
            patience_seconds: How long the relay may take for each answer.

        Raises:
            AllocationError: There is no relay, or it refuses.
        """
        failed: list[Self] = []
        try:
            while True:
                self = cls(server, patience_seconds=patience_seconds)
                await self._dialogue.connect(url, make_socket, ssl_context)
                try:
                    await self._allocate()
                except BaseException as fault:
                    failed.append(self)  # keeps its port, so that the next one is another
                    is_taken = isinstance(fault, AllocationError) and fault.code == _MISMATCH
                    if not is_taken or len(failed) == PORTS_TRIED:
                        raise
                else:
                    return self
        finally:
            for one in failed:
                await one.leave()  # it may have been granted, and the answer be on its way

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def permit(self, peer: Address) -> None:
        """Let *peer* send to the relayed address.

        Raises:
            AllocationError: The relay refuses that peer.
        """
        await self._dialogue.ask(Method.CREATE_PERMISSION, peer=peer)

    async def bind(self, peer: Address) -> int:
        """Bind a channel to *peer* and return its number.

        Raises:
            AllocationError: The relay refuses that peer.
        """
        number = _FIRST_CHANNEL + len(self._channels)
        value = struct.pack("!HH", number, 0)
        await self._dialogue.ask(Method.CHANNEL_BIND, {Attribute.CHANNEL_NUMBER: value}, peer=peer)
        self._channels[number] = peer
        return number

    async def refresh(self, lifetime_seconds: int) -> None:
        """Keep the allocation for *lifetime_seconds* more; zero ends it.

        Raises:
            AllocationError: The relay has forgotten it, or refuses.
        """
        await self._dialogue.ask(Method.REFRESH, _lifetime(lifetime_seconds))

    def send(self, data: bytes, *, channel: int) -> None:
        """Send *data* through a bound channel."""
        self._dialogue.send(data, channel=channel)

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
            await self._dialogue.close()

    async def leave(self) -> None:
        """End the allocation without waiting for the relay's word; should the packet be lost, it expires."""
        self._dialogue.tell(Method.REFRESH, _lifetime(0))
        await self._dialogue.close()

    async def _allocate(self) -> None:
        answer = await self._dialogue.ask(Method.ALLOCATE, {Attribute.REQUESTED_TRANSPORT: _UDP})
        relayed = answer.address(Attribute.XOR_RELAYED_ADDRESS)
        mapped = answer.address(Attribute.XOR_MAPPED_ADDRESS)
        if relayed is None or mapped is None:
            raise AllocationError("The relay granted an allocation without an address: it is no TURN server.")
        self.relayed, self.mapped = relayed, mapped
        self.lifetime_seconds = int.from_bytes(answer.attributes.get(Attribute.LIFETIME, b""))

    def _keep(self, source: Address | int, data: bytes) -> None:
        peer = self._channels.get(source) if isinstance(source, int) else source
        if peer:
            self._received.put_nowait((peer, data))


def _lifetime(seconds: int) -> dict[int, bytes]:
    return {Attribute.LIFETIME: struct.pack("!I", seconds)}
