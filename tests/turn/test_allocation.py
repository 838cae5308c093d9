"""The client against peers that are no relay; `tests/network` has it against a real one."""

import asyncio
import socket
import ssl

import pytest

from turn.allocation import PORTS_TRIED, Allocation
from turn.errors import AllocationError
from turn.ice_server import IceServer
from turn.stun import Attribute, Kind, Message, Method, long_term_key, masked

SERVER = IceServer(urls=(), username="1:u", credential="p")


class Answers(asyncio.DatagramProtocol):
    def __init__(self, answer) -> None:
        self.answer_port = lambda asked, _port: self.answer(asked)
        self.answer, self.seen = answer, 0

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.seen += 1
        for packet in self.answer_port(Message.decode(data), address[1]):
            self.transport.sendto(packet, address)


@pytest.fixture
async def peer():
    """A UDP service on loopback; a test sets what it answers."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Answers(lambda _: ()), local_addr=("127.0.0.1", 0)
    )
    protocol.url = f"turn:127.0.0.1:{transport.get_extra_info('sockname')[1]}?transport=udp"
    yield protocol
    transport.close()


async def test_silence_is_told_as_silence_after_several_tries(peer):
    """A lost packet is not a dead relay, and a dead relay is not waited for without end."""
    with pytest.raises(AllocationError, match=r"not answered ALLOCATE for 0\.9 s.*Check that it runs"):
        await Allocation.open(peer.url, SERVER, patience_seconds=0.9)

    assert peer.seen >= 2


async def test_garbage_and_strangers_are_not_listened_to(peer):
    """Whoever guesses our port must not decide what we believe."""
    peer.answer = lambda _: (b"", b"\x00", b"\x40", b"GET / HTTP/1.1", Message(3, Kind.SUCCESS).encode())

    with pytest.raises(AllocationError, match="not answered ALLOCATE"):
        await Allocation.open(peer.url, SERVER, patience_seconds=0.3)


async def test_an_answer_of_somebody_else_is_not_believed(peer):
    """Whoever sits on the way could otherwise send the call's audio to an address of their own."""
    realm = {Attribute.ERROR_CODE: b"\0\0\x04\x01Unauthorized", Attribute.REALM: b"r", Attribute.NONCE: b"n"}

    def answer(asked):
        if Attribute.USERNAME not in asked.attributes:
            return (Message(asked.method, Kind.ERROR, realm, asked.transaction).encode(),)
        address = masked(("203.0.113.66", 50_000), asked.transaction)
        granted = {Attribute.XOR_RELAYED_ADDRESS: address, Attribute.XOR_MAPPED_ADDRESS: address}
        message = Message(asked.method, Kind.SUCCESS, granted, asked.transaction)
        return message.encode(), message.encode(long_term_key("1:u", "r", "guess"))

    peer.answer = answer

    with pytest.raises(AllocationError, match="not answered ALLOCATE"):
        await Allocation.open(peer.url, SERVER, patience_seconds=0.4)


async def test_a_success_without_an_address_is_no_allocation(peer):
    """A STUN server answers, too; audio cannot go through it."""
    peer.answer = lambda asked: (Message(asked.method, Kind.SUCCESS, {}, asked.transaction).encode(),)

    with pytest.raises(AllocationError, match="without an address"):
        await Allocation.open(peer.url, SERVER, patience_seconds=2)


def refusing_ports(refused):
    """Answer as a relay does that still holds allocations of others for the first *refused* ports."""
    ports = {}

    def answer(asked, port):
        number = ports.setdefault(port, len(ports))
        if asked.method is not Method.ALLOCATE:
            return ()
        if number < refused:
            attributes, kind = {Attribute.ERROR_CODE: b"\0\0\x04\x25Allocation Mismatch"}, Kind.ERROR
        else:
            address = masked(("203.0.113.66", 50_000), asked.transaction)
            attributes = {Attribute.XOR_RELAYED_ADDRESS: address, Attribute.XOR_MAPPED_ADDRESS: address}
            kind = Kind.SUCCESS
        return (Message(asked.method, kind, attributes, asked.transaction).encode(),)

    return ports, answer


async def test_a_port_that_the_relay_still_knows_is_left_for_another(peer):
    """A NAT or the kernel may give us the port of a caller who crashed; their allocation lives on for minutes."""
    ports, peer.answer_port = refusing_ports(PORTS_TRIED - 1)

    allocation = await Allocation.open(peer.url, SERVER)
    await allocation.leave()

    assert len(ports) == PORTS_TRIED


async def test_a_relay_that_knows_every_port_is_not_asked_for_ever(peer):
    """Behind some proxies every port looks the same."""
    ports, peer.answer_port = refusing_ports(100)

    with pytest.raises(AllocationError, match="437"):
        await Allocation.open(peer.url, SERVER)

    assert len(ports) == PORTS_TRIED


@pytest.mark.parametrize("url", ["turn:127.0.0.1:{}?transport=tcp", "turns:127.0.0.1:{}?transport=tcp"])
async def test_a_closed_port_is_told_at_once(url):
    """Nobody waits four seconds for a refusal."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = url.format(unused.getsockname()[1])
        with pytest.raises(AllocationError, match=r"cannot be reached .ConnectionRefusedError"):
            await Allocation.open(url, SERVER, ssl_context=ssl.create_default_context())


async def test_a_stream_that_ends_is_told_at_once():
    """Something listens on 443 everywhere; a web server hangs up on us."""

    async def hang_up(_reader, writer):
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(AllocationError, match="has ended the connection"):
            await Allocation.open(f"turn:127.0.0.1:{port}?transport=tcp", SERVER, patience_seconds=60)
