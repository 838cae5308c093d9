"""A relay of this machine, whichever program it is, keeps the promises of the deployed one."""

import asyncio
import secrets
import socket

import pytest

from tests.embedded.turn.conftest import USER_QUOTA, running
from turn.errors import AllocationError


def caller():
    return secrets.token_hex(8)


async def refusal(awaitable):
    with pytest.raises(AllocationError) as raised:
        await awaitable
    return raised.value.code


async def open_once_there_is_room(relay, server, url=None):
    """Allocate; coturn takes a moment to count what has ended."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await relay.open(server, url)
            except AllocationError as refused:
                if refused.code != 486:
                    raise
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["udp", "tcp", "tls"])
async def test_two_clients_meet_on_it_by_every_way(relay, which):
    """A call is two allocations that send to each other."""
    server = relay.server(caller())
    async with await relay.open(server, server.urls[which]) as one, await relay.open(server) as other:
        there, back = await one.bind(other.relayed), await other.bind(one.relayed)
        one.send(b"hello", channel=there)
        assert await asyncio.wait_for(other.receive(), 5) == (one.relayed, b"hello")
        other.send(b"x" * 1201, channel=back)
        assert await asyncio.wait_for(one.receive(), 5) == (other.relayed, b"x" * 1201)


async def test_a_permission_lets_a_peer_send_before_there_is_a_channel(relay):
    """aiortc binds channels late: until then packets come as indications."""
    server = relay.server(caller())
    async with await relay.open(server) as one, await relay.open(server) as other:
        await other.permit(one.relayed)
        channel = await one.bind(other.relayed)
        one.send(b"early", channel=channel)

        assert await asyncio.wait_for(other.receive(), 5) == (one.relayed, b"early")


async def test_nobody_sends_without_permission(relay):
    """A relayed address is no open door."""
    server = relay.server(caller())
    async with await relay.open(server) as one, await relay.open(server) as other:
        channel = await one.bind(other.relayed)
        one.send(b"unwanted", channel=channel)
        for end in (one, other) * 3:
            await end.refresh(600)  # the answer comes behind what was sent, and what had arrived, before
        await other.bind(one.relayed)
        one.send(b"wanted", channel=channel)

        assert await asyncio.wait_for(other.receive(), 5) == (one.relayed, b"wanted")


@pytest.mark.parametrize(("seconds", "secret"), [(-5, None), (60, "wrong")], ids=["expired", "wrong"])
async def test_a_password_that_is_not_valid_opens_nothing(relay, seconds, secret):
    """Whoever has seen an old one, or guesses, gets no relay."""
    assert await refusal(relay.open(relay.server(caller(), seconds=seconds, secret=secret))) == 401


async def test_an_allocation_outlives_its_password(relay):
    """Passwords live for a minute and calls longer: coturn checks the expiry when it allocates, and only then."""
    async with await relay.open(relay.server(caller(), seconds=1)) as allocation:
        await asyncio.sleep(2.1)  # the expiry is in whole seconds
        await allocation.refresh(600)


@pytest.mark.parametrize(
    "peer", ["169.254.169.254", "10.0.11.10", "192.168.1.1", "127.0.0.2", "224.0.0.1", "0.0.0.1"]
)
async def test_no_other_host_is_reached_through_it(relay, peer):
    """Metadata services, private networks and other loopback services are out of bounds."""
    async with await relay.open(relay.server(caller())) as allocation:
        assert await refusal(allocation.permit((peer, 53))) == 403


@pytest.mark.parametrize("peer", ["::1", "::ffff:169.254.169.254", "fd00:ec2::254"])
async def test_no_ipv6_host_is_reached_through_it(relay, peer):
    """Nor by another spelling."""
    async with await relay.open(relay.server(caller())) as allocation:
        assert await refusal(allocation.permit((peer, 53))) == 443


async def test_a_name_holds_no_more_than_its_quota_and_gets_it_back(relay):
    """The limit of a KVS channel is felt here as on AWS; a new password brings no new quota."""
    name = caller()
    held = [await relay.open(relay.server(name, seconds=60 + number)) for number in range(USER_QUOTA)]
    try:
        assert await refusal(relay.open(relay.server(name))) == 486
        async with await relay.open(relay.server(caller())):
            pass  # others are not disturbed
    finally:
        await asyncio.gather(*(one.close() for one in held))
    async with await open_once_there_is_room(relay, relay.server(name)):
        pass


async def test_a_broken_connection_gives_its_allocation_back(relay):
    """Otherwise a few reloads of the page would fill the quota."""
    server = relay.server(caller())
    for _ in range(USER_QUOTA + 2):
        allocation = await open_once_there_is_room(relay, server, server.urls[1])
        await allocation._dialogue.close()


async def test_the_small_relay_sends_to_relayed_ports_only(tmp_path):
    """On EC2 host.nft closes the host's other services; here the relay itself does."""
    with running(tmp_path, "--small") as relay, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind(("127.0.0.1", 0))
        victim.settimeout(0.3)
        async with await relay.open(relay.server(caller())) as allocation:
            channel = await allocation.bind(victim.getsockname())
            allocation.send(b"attack", channel=channel)

            with pytest.raises(TimeoutError):
                await asyncio.to_thread(victim.recv, 100)


def test_a_relay_leaves_no_port_behind(tmp_path):
    """The next embedded cloud needs it."""
    with running(tmp_path) as relay:
        port = relay.port
    with socket.create_server(("127.0.0.1", port)):
        assert relay.child.exit_code == 0
        assert not list(tmp_path.glob("tmp*"))


def test_a_taken_port_is_said(tmp_path):
    """Not a traceback."""
    (tmp_path / "other").mkdir()
    with running(tmp_path, "--small") as relay:
        second = running(tmp_path / "other", "--small", "--port", relay.port)
        with pytest.raises(AssertionError, match=r"No relay at 127\.0\.0\.1, port \d+: .*in use"):
            second.__enter__()
