"""What a relay does at its limits, and after them: each test has a relay of its own."""

import asyncio
import select
import socket
import ssl
import time
from contextlib import suppress

import pytest

from scripts.network import plan
from scripts.network.relay import Relay
from tests.network.calls import IMPATIENCE_SECONDS, TLS, UDP, Ends
from turn.errors import AllocationError
from turn.stun import Kind, Message, Method

QUOTA_REACHED = 486


async def test_a_flood_under_many_names_stops_at_the_total(built):
    """A hundred callers at once, or one with a hundred names: the relay keeps what it can carry."""
    with Relay(built["relay"], total_quota=40) as relay:
        ends = Ends(built, relay)
        async with ends.call() as call:
            running = asyncio.create_task(call.exchange(50, every_seconds=0.02))
            servers = [await ends.issue(f"call-{number}") for number in range(100)]
            tries = await asyncio.gather(
                *(ends.allocate("host", server=one) for one in servers), return_exceptions=True
            )
            await running

            taken = [one for one in tries if not isinstance(one, AllocationError)]
            assert len(taken) == 40 - 2
            assert {one.code for one in tries if isinstance(one, AllocationError)} == {QUOTA_REACHED}
        await asyncio.gather(*(one.close() for one in taken))


async def test_guessing_is_slowed_and_others_do_not_notice(built):
    """Each guess costs an answer of ours; one address gets two hundred at once and fifty a second then."""
    with Relay(built["relay"]) as relay:
        ends = Ends(built, relay)
        question = Message(Method.BINDING, Kind.REQUEST).encode()
        sockets = [built["host"].make_socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(600)]
        try:
            began = time.monotonic()
            for one in sockets:
                one.sendto(question, (plan.RELAY_PUBLIC, 443))
            sending_seconds = time.monotonic() - began
            async with ends.call(caller=UDP, agent=TLS) as call:
                await call.exchange(50)
            answered = set()
            while ready := select.select(set(sockets) - answered, [], [], 1)[0]:
                answered.update(ready)
        finally:
            for one in sockets:
                one.close()

    assert 200 <= len(answered) <= 250 + 50 * sending_seconds


async def test_one_allocation_gets_the_bandwidth_of_a_call_and_no_more(built):
    """Somebody who moves files through the relay must not be paid for by us, nor be heard by callers."""
    with Relay(built["relay"]) as relay, built["host"].make_socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        ends = Ends(built, relay)
        peer.bind((plan.HOST, 5000))
        peer.setblocking(False)
        async with await ends.allocate("caller") as greedy, ends.call() as call:
            channel = await greedy.bind((plan.HOST, 5000))
            began = time.monotonic()
            for _ in range(120):
                greedy.send(bytes(1000), channel=channel)
            await greedy.refresh(600)  # answered after all of that was handled
            seconds = time.monotonic() - began
            await call.exchange(20)
        arrived = 0
        with suppress(BlockingIOError):
            while True:
                arrived += len(peer.recv(2000))

    # The cap is per second, and a second may just have begun.
    assert 20_000 <= arrived <= 2 * 32_000 + 1000 + seconds * 32_000


async def test_a_relay_that_restarts_is_noticed_and_can_be_used_again(built):
    """Its allocations are gone and say so by silence or 437; a new one is a moment away."""
    with Relay(built["relay"]) as relay:
        ends = Ends(built, relay)
        lost = await ends.allocate("caller", patience_seconds=IMPATIENCE_SECONDS)
        relay.stop()
        with pytest.raises(AllocationError, match="has not answered REFRESH"):
            await lost.refresh(600)

        relay.start()
        with pytest.raises(AllocationError):
            await lost.refresh(600)
        await lost.close()
        async with ends.call() as call:
            await call.exchange(20)


async def test_a_certificate_that_nobody_vouches_for_is_not_accepted(built):
    """TLS that is not checked would hand the call's name and password to whoever sits on the way."""
    with Relay(built["relay"]) as relay:
        ends = Ends(built, relay)
        ends._trust = ssl.create_default_context()
        with pytest.raises(AllocationError, match="SSLCertVerificationError"):
            await ends.allocate("caller", TLS)
