"""coturn with our configuration, behind a one-to-one NAT, used from behind two others."""

import asyncio
import socket
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from scripts.network import plan
from scripts.network.rules import Egress
from tests.network.calls import IMPATIENCE_SECONDS, PATIENCE_SECONDS, TCP, TLS, UDP, Ends
from turn.credentials import password_for
from turn.errors import AllocationError

UNAUTHORIZED, FORBIDDEN, OTHER_FAMILY, QUOTA_REACHED = 401, 403, 443, 486


@pytest.fixture
def ends(laboratory, relay):
    return Ends(laboratory, relay)


@pytest.mark.parametrize("machine", ["caller", "agent"])
@pytest.mark.parametrize("url", [UDP, TCP, TLS])
async def test_both_ends_can_allocate_over_every_way(ends, machine, url):
    """The relay announces its public address, from the range that the security group opens."""
    async with await ends.allocate(machine, url) as allocation:
        host, port = allocation.relayed

        assert host == plan.RELAY_PUBLIC
        assert plan.RELAY_PORTS[0] <= port <= plan.RELAY_PORTS[1]
        assert allocation.mapped[0] == {"caller": plan.HOME_PUBLIC, "agent": plan.NAT_GATEWAY_PUBLIC}[machine]


@pytest.mark.parametrize(("caller", "agent"), [(UDP, UDP), (TLS, UDP), (UDP, TLS), (TLS, TLS)])
async def test_two_relayed_ends_hear_each_other(ends, caller, agent):
    """The relay's own address is a peer that must be allowed, or no call with relays at both ends works."""
    async with ends.call(caller=caller, agent=agent) as call:
        await call.exchange(50)


async def test_a_relayed_end_reaches_a_peer_on_the_internet(ends, laboratory):
    """One hop: the other end sees the relay's public address and can answer it."""
    with laboratory["host"].make_socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.setblocking(False)
        peer.bind((plan.HOST, 5000))
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE_SECONDS), await ends.allocate("caller") as allocation:
            channel = await allocation.bind((plan.HOST, 5000))
            allocation.send(b"hello", channel=channel)
            assert await loop.sock_recvfrom(peer, 100) == (b"hello", allocation.relayed)
            await loop.sock_sendto(peer, b"and back", allocation.relayed)
            assert await allocation.receive() == ((plan.HOST, 5000), b"and back")


@pytest.mark.parametrize("side", ["caller", "agent"])
async def test_tls_gets_through_where_udp_is_blocked(ends, laboratory, side):
    """Offices and hotels block UDP; the call must not notice more than a slower join."""
    laboratory.let_out(side, Egress.WEB_ONLY)

    with pytest.raises(AllocationError, match="has not answered ALLOCATE"):
        await ends.allocate(side, UDP, patience_seconds=IMPATIENCE_SECONDS)

    ways = {"caller": TLS} if side == "caller" else {"agent": TLS}
    async with ends.call(**ways) as call:
        await call.exchange(50)


async def test_a_firewall_that_closes_in_mid_call_is_noticed(ends, laboratory):
    """The way may die while it is used; only then can the call be brought back."""
    allocation = await ends.allocate("caller", patience_seconds=IMPATIENCE_SECONDS)
    laboratory.let_out("caller", Egress.NO_UDP)

    with pytest.raises(AllocationError, match="has not answered REFRESH"):
        await allocation.refresh(600)
    await allocation.close()


@pytest.mark.parametrize(
    "peer",
    [
        "169.254.169.254",
        "169.254.170.2",
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",  # noqa: S104 - a peer, not a listener
        plan.AGENT,
        plan.NAT_GATEWAY,
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "192.0.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
async def test_relaying_into_a_network_is_refused_while_the_call_works(ends, peer):
    """Whoever holds a credential must not reach the metadata service, the VPC or the relay's host."""
    async with ends.call() as call:
        for ask in (call.ends[0].bind, call.ends[0].permit):
            with pytest.raises(AllocationError) as refused:
                await ask((peer, 80))
            assert refused.value.code == FORBIDDEN
        await call.exchange(5)


@pytest.mark.parametrize(
    "peer",
    [
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.11.10",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",
        "fe80::1",
        "2002:a9fe:a9fe::",
    ],
)
async def test_no_ipv6_form_leads_round_the_rule(ends, peer):
    """The metadata service and loopback have other spellings."""
    async with ends.call() as call:
        with pytest.raises(AllocationError) as refused:
            await call.ends[0].bind((peer, 80))
        assert refused.value.code in (OTHER_FAMILY, FORBIDDEN)
        await call.exchange(5)


@pytest.mark.parametrize("address", [plan.RELAY, plan.RELAY_PUBLIC])
async def test_the_hosts_own_services_are_out_of_reach(ends, laboratory, address):
    """Relay to relay needs the host's own address as a peer; its other ports must stay closed behind it."""
    with laboratory["relay"].make_socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind((plan.RELAY, 9999))
        service.setblocking(False)
        async with await ends.allocate("caller") as allocation:
            allocation.send(b"hello", channel=await allocation.bind((address, 9999)))
            # Handled after the packet, by the same thread; coturn ends an allocation that sent a forbidden one.
            with suppress(AllocationError):
                await allocation.refresh(60)
        with pytest.raises(BlockingIOError):
            service.recv(100)
    async with ends.call() as call:
        await call.exchange(5)


def edited(server):
    return replace(server, username=f"{int(time.time()) + 9999}:somebody-else")


def guessed(server):
    return replace(server, credential=password_for(server.username, secret="guess"))


def without_time(server):
    return replace(server, username="call-1")


def nobody(server):
    return replace(server, username="", credential="")


@pytest.mark.parametrize("forge", [edited, guessed, without_time, nobody])
@pytest.mark.parametrize("url", [UDP, TLS])
async def test_a_forged_credential_opens_nothing(ends, forge, url):
    """A relay that is open to everybody is used by everybody, at our cost."""
    with pytest.raises(AllocationError) as refused:
        await ends.allocate("host", url, server=forge(await ends.issue()))

    assert refused.value.code == UNAUTHORIZED


async def test_a_credential_used_again_after_its_time_opens_nothing(ends):
    """Whoever finds one in a browser's log has a minute at most; the call that began with it goes on."""
    server = await ends.issue(lifetime_seconds=1)
    async with await ends.allocate("host", server=server) as running:
        expires_at = int(server.username.partition(":")[0])
        while time.time() <= expires_at + 1:  # noqa: ASYNC110 - the clock sets no event
            await asyncio.sleep(0.05)

        with pytest.raises(AllocationError) as refused:
            await ends.allocate("host", server=server)
        assert refused.value.code == UNAUTHORIZED
        await running.refresh(600)


async def test_a_flood_under_one_name_stops_at_its_quota(ends):
    """One stolen credential must not take the ports of other calls, nor be heard in them."""
    server = await ends.issue("mallory-1")
    async with ends.call() as call:
        running = asyncio.create_task(call.exchange(50, every_seconds=0.02))
        tries = await asyncio.gather(
            *(ends.allocate("host", server=server) for _ in range(60)), return_exceptions=True
        )
        await running

        taken = [one for one in tries if not isinstance(one, AllocationError)]
        assert len(taken) == 12
        assert {one.code for one in tries if isinstance(one, AllocationError)} == {QUOTA_REACHED}
    await asyncio.gather(*(one.close() for one in taken))


async def test_names_that_differ_in_time_only_share_a_quota(ends):
    """A caller who asks the door again and again does not get more of the relay."""
    servers = [await ends.issue("mallory-2", lifetime_seconds=60 + number) for number in range(20)]
    tries = await asyncio.gather(
        *(ends.allocate("host", server=one) for one in servers), return_exceptions=True
    )

    taken = [one for one in tries if not isinstance(one, AllocationError)]
    assert len(taken) == 12
    await asyncio.gather(*(one.close() for one in taken))


async def test_an_allocation_that_is_ended_can_be_taken_again(ends):
    """Callers who hang up leave room for those who come; coturn takes a second over it."""
    server = await ends.issue()
    taken = await asyncio.gather(*(ends.allocate("host", server=server) for _ in range(12)))
    with pytest.raises(AllocationError, match="486"):
        await ends.allocate("host", server=server)
    await asyncio.gather(*(one.close() for one in taken))

    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                again = await ends.allocate("host", server=server)
            except AllocationError:
                await asyncio.sleep(0.1)
            else:
                await again.close()
                return
