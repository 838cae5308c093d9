import asyncio
import random

import pytest

from stacks.config import ManagedTurnConfig
from tests.turn import virtual_time
from tests.turn.emulated_channels import EmulatedChannels
from turn.errors import ChannelGoneError, RelaysBusyError, RelaysRefusedError, RelaysUnreachableError
from turn.leases import LocalLeases
from turn.managed import ManagedIceServers

SESSIONS = 1_000
SESSIONS_PER_SECOND = 20


def arns(count: int) -> tuple[str, ...]:
    prefix = "arn:aws:kinesisvideo:eu-north-1:111122223333:channel/hotline-test"
    return tuple(f"{prefix}-{number}/1700000000000" for number in range(1, count + 1))


def pool(signaling, *, channels: int, allocations: int = 2, **more) -> ManagedIceServers:
    return ManagedIceServers(
        channel_arns=arns(channels),
        signaling=signaling,
        leases=LocalLeases(call_allocations=allocations),
        chance=random.Random(3),  # noqa: S311 - seeded, so that a failure can be repeated
        **more,
    )


async def busy_hour(source, channels: EmulatedChannels, config: ManagedTurnConfig, waits: list[float]):
    """Begin a thousand calls, twenty in every second; each ends and releases what it held."""
    seconds = config.peak_concurrent_calls / SESSIONS_PER_SECOND

    async def call(number: int) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        (relay,) = await source.issue(f"call-{number}", 60)
        waits.append(loop.time() - began)
        await channels.call(relay.username, config.allocations_per_call, seconds - waits[-1] - 0.01)
        await source.release(f"call-{number}")

    async with asyncio.TaskGroup() as calls:
        for number in range(SESSIONS):
            calls.create_task(call(number))
            await asyncio.sleep(1 / SESSIONS_PER_SECOND)


@pytest.mark.parametrize(
    ("concurrent_calls", "channels", "slowest_seconds"),
    [(100, 5, 0.0), (200, 8, 0.0), (100, 5, 0.15), (200, 8, 0.15)],
    ids=["by rate", "by allocations", "by rate, requests overtake", "by allocations, requests overtake"],
)
def test_a_pool_of_the_configured_size_never_turns_a_caller_away(concurrent_calls, channels, slowest_seconds):
    """A thousand sessions at twenty per second: the limits of Kinesis Video stay our business."""
    config = ManagedTurnConfig(
        kind="managed",
        peak_new_sessions_per_second=float(SESSIONS_PER_SECOND),
        peak_concurrent_calls=concurrent_calls,
        allocations_per_call=2,
    )
    emulated, waits = EmulatedChannels(slowest_seconds=slowest_seconds), []
    source = pool(emulated, channels=config.channels, allocations=config.allocations_per_call)

    virtual_time.run(busy_hour(source, emulated, config, waits))

    assert config.channels == channels
    assert len(waits) == SESSIONS
    assert max(waits) < 2.0
    assert emulated.most_held <= 50
    assert max(emulated.issued.values()) - min(emulated.issued.values()) <= SESSIONS / channels / 5
    assert emulated.throttled == 0


def test_bursts_use_the_whole_pool_at_once():
    """Twenty callers in one moment do not queue at one channel while others are idle."""
    emulated = EmulatedChannels()

    async def main():
        source = pool(emulated, channels=4)
        await asyncio.gather(*(source.issue(f"call-{number}", 60) for number in range(20)))
        return asyncio.get_running_loop().time()

    assert virtual_time.run(main()) == 0.0
    assert set(emulated.issued.values()) == {5}


def test_two_processes_that_share_a_pool_get_through():
    """The door runs in several processes; what one cannot know, a try on another channel mends."""
    emulated = EmulatedChannels(slowest_seconds=0.05)

    async def main():
        sources = [pool(emulated, channels=4, allocations=1) for _ in range(2)]
        async with asyncio.TaskGroup() as calls:
            for number in range(150):
                calls.create_task(sources[number % 2].issue(f"call-{number}", 60))
                await asyncio.sleep(1 / 15)

    virtual_time.run(main())

    assert emulated.issued.total() == 150


class Failing:
    """Fails on some channels; the others work."""

    def __init__(self, error: Exception, failing: set[str]) -> None:
        self.error, self.failing, self.asked = error, failing, []
        self._others = EmulatedChannels()

    async def ice_servers(self, arn):
        self.asked.append(arn)
        if arn in self.failing:
            raise self.error
        return await self._others.ice_servers(arn)


@pytest.mark.parametrize(
    "error", [RelaysBusyError("throttled"), ChannelGoneError("gone"), RelaysUnreachableError("silent")]
)
def test_another_channel_answers_for_one_that_does_not(error):
    """A throttled, deleted or silent channel costs a pause, not a call."""
    pair = arns(2)

    async def main(failing):
        signaling = Failing(error, failing)
        source = pool(signaling, channels=2)
        return await source.issue("call-1", 60), await source.issue("call-2", 60)

    for one in pair:
        for servers in virtual_time.run(main({one})):
            assert servers[0].username in set(pair) - {one}


@pytest.mark.parametrize("error", [ChannelGoneError("gone"), RelaysUnreachableError("silent")])
def test_a_pool_that_is_wholly_gone_says_so(error):
    """When every channel fails, the reason reaches whoever can mend it, and soon."""
    source = pool(Failing(error, set(arns(3))), channels=3)

    with pytest.raises(type(error)):
        virtual_time.run(source.issue("call-1", 60))


def test_a_missing_right_is_not_tried_again():
    """No other channel helps against a policy."""
    signaling = Failing(RelaysRefusedError("denied"), set(arns(3)))

    with pytest.raises(RelaysRefusedError):
        virtual_time.run(pool(signaling, channels=3).issue("call-1", 60))
    assert len(signaling.asked) == 1


def test_waiting_has_an_end():
    """A caller in front of a page learns after seconds, in words, what would help."""
    source = pool(Failing(RelaysBusyError("throttled"), set(arns(2))), channels=2, patience_seconds=4.0)

    with pytest.raises(RelaysBusyError, match=r"within 4 s.*Raise turn\.peak_new_sessions_per_second"):
        virtual_time.run(source.issue("call-1", 60))


def test_a_full_pool_is_named_and_recovers():
    """The fifty-first allocation would fail in the caller's browser, without a reason."""

    async def main():
        source = pool(EmulatedChannels(), channels=1, allocations=25)
        await source.issue("call-1", 60)
        await source.issue("call-2", 60)
        with pytest.raises(RelaysBusyError, match=r"50 allocations.*Raise turn\.peak_concurrent_calls"):
            await source.issue("call-3", 60)
        await source.release("call-1")
        return await source.issue("call-3", 60)

    assert virtual_time.run(main())


def test_a_call_that_never_ends_gives_its_allocations_back():
    """A process that loses a call must not shrink the pool for ever."""

    async def main():
        leases = LocalLeases(call_allocations=50, lease_seconds=900)
        assert await leases.take("channel", "lost")
        await asyncio.sleep(899)
        assert not await leases.take("channel", "next")
        await asyncio.sleep(2)
        return await leases.take("channel", "next")

    assert virtual_time.run(main())


def test_a_failed_try_promises_nothing():
    """What was promised on a channel that then failed is free again, also when the caller gave up."""

    async def main():
        leases = LocalLeases(call_allocations=50)
        source = ManagedIceServers(
            channel_arns=arns(1),
            signaling=Failing(RelaysBusyError("throttled"), set(arns(1))),
            leases=leases,
        )
        with pytest.raises(RelaysBusyError):
            await source.issue("call-1", 60)
        return await leases.take(arns(1)[0], "call-2")

    assert virtual_time.run(main())


def test_only_what_clients_speak_is_handed_out():
    """TURN over DTLS is silently skipped by aiortc and costs Chromium a second allocation."""
    (relay,) = virtual_time.run(pool(EmulatedChannels(), channels=1).issue("call-1", 60))

    assert relay.urls == (
        "turn:hotline-test-1.example:443?transport=udp",
        "turns:hotline-test-1.example:443?transport=tcp",
    )


def test_what_tells_public_addresses_stands_beside_the_relays():
    """The agent takes one relay hop instead of two when it knows its NAT gateway's address."""
    source = ManagedIceServers(
        channel_arns=arns(1), signaling=EmulatedChannels(), stun_url="stun:stun.test:443"
    )

    stun, _ = virtual_time.run(source.issue("call-1", 60))

    assert stun.urls == ("stun:stun.test:443",)
