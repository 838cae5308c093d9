"""Which of several ways to a relay is taken, when some of them do not work."""

import asyncio
from pathlib import Path

import pytest

from scripts.network.rules import Egress
from tests.network.calls import TLS, UDP, Ends
from turn.allocation import PATIENCE_SECONDS
from turn.errors import AllocationError, NoWayError
from turn.ice_server import IceServer
from turn.probe import choose, probe

DEAD = "turn:203.0.113.99:443?transport=udp"
"""Nobody has this address."""
TRIES = 5
"""Of what must be quick, on a machine that may be busy."""


@pytest.fixture
def ways(laboratory, relay):
    """Everything that `choose` and `probe` need to try ways from the agent."""
    return {"make_socket": laboratory["agent"].make_socket, "ssl_context": relay.ssl_context}


@pytest.fixture
async def server(laboratory, relay):
    return await Ends(laboratory, relay).issue()


async def test_udp_is_taken_where_it_works(ways, server):
    """Speech prefers a lost packet to a late one; the agent's security group leaves port 443."""
    assert (await choose([server], **ways)).urls == (UDP,)


async def test_tls_is_taken_where_udp_is_blocked(ways, server, laboratory):
    """Nobody has to know which network they are in."""
    laboratory.let_out("agent", Egress.WEB_ONLY)

    assert (await choose([server], **ways)).urls == (TLS,)


async def test_a_dead_relay_delays_the_join_by_less_than_a_second(ways, server):
    """aiortc alone waits five seconds for it and then has no call.  A busy machine may be slow, but not every time."""
    dead = IceServer(urls=(DEAD,), username=server.username, credential=server.credential)
    loop, took = asyncio.get_running_loop(), []

    for _ in range(TRIES):
        began = loop.time()
        assert (await choose([dead, server], **ways)).urls == (UDP,)
        took.append(loop.time() - began)
        if took[-1] < 1.0:
            return
    pytest.fail(f"it took {took} seconds")


async def test_each_way_that_fails_has_its_reason(ways, server):
    """An operator sees at once whether it is the password, a firewall or the relay."""
    forged = IceServer(urls=(UDP, TLS), username=server.username, credential="guess")
    dead = IceServer(urls=(DEAD,), username=server.username, credential=server.credential)

    with pytest.raises(NoWayError) as failed:
        await choose([forged, dead], patience_seconds=0.5, **ways)

    said = str(failed.value)
    assert "None of 3 ways" in said
    for url, reason in ((UDP, "401"), (TLS, "401"), (DEAD, "has not answered")):
        assert any(url in line and reason in line for line in said.splitlines())
    assert "guess" not in said


async def test_no_relay_at_all_is_told_apart():
    """Then nobody needs to look at a network."""
    with pytest.raises(NoWayError, match="No relay was issued at all"):
        await choose([IceServer(urls=("stun:203.0.113.20:443",))])


async def test_a_report_has_every_way(ways, server):
    """`turn-check` shows what a call would not try any more."""
    report = await probe([server], patience_seconds=0.5, **ways)

    assert [(way.url, way.error is None) for way in report] == [
        ("turn:203.0.113.20:3478?transport=udp", False),  # the agent's security group
        (UDP, True),
        (TLS, True),
    ]


async def test_probing_leaves_nothing_behind(laboratory, relay, ways, server):
    """Each allocation counts against a quota: at the relay, and on a channel of fifty."""
    for _ in range(4):
        await choose([server], **ways)

    # All twelve that one name may hold are there again as soon as coturn has had its second.
    ends = Ends(laboratory, relay)
    async with asyncio.timeout(30):
        while True:
            tries = await asyncio.gather(
                *(ends.allocate("host", server=server) for _ in range(12)), return_exceptions=True
            )
            taken = [one for one in tries if not isinstance(one, AllocationError)]
            await asyncio.gather(*(one.leave() for one in taken))
            if len(taken) == 12:
                return
            await asyncio.sleep(1.1)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_giving_up_at_any_moment_leaves_no_socket(ways, server):
    """A caller may hang up while the way is chosen; a process that lives for days must not run out."""

    async def give_up_after(seconds: float) -> None:
        choosing = asyncio.create_task(choose([server], **ways))
        await asyncio.wait([choosing], timeout=seconds)
        choosing.cancel()
        async with asyncio.timeout(PATIENCE_SECONDS / 2):  # it must not wait for the relay
            await asyncio.gather(choosing, return_exceptions=True)

    await give_up_after(1)
    before = open_files()
    for step in range(40):
        await give_up_after(step / 4_000)

    assert open_files() == before
