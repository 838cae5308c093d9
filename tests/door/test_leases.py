import asyncio
import random
from http import HTTPStatus

import pytest

from runtime.door.errors import LedgerUnavailableError
from runtime.door.leases import LedgerLeases
from runtime.door.session import Reason
from tests.door.conftest import TABLE, aws_client, items
from tests.door.gateway import WANTED_WEBRTC, forget
from tests.turn.answering_server import answering
from tests.turn.emulated_channels import EmulatedChannels
from turn.errors import RelaysBusyError
from turn.managed import ManagedIceServers
from turn.settings import ManagedTurnSettings

CHANNELS = [
    f"arn:aws:kinesisvideo:us-east-1:111122223333:channel/hotline-test-{number}/1795229871240"
    for number in (1, 2)
]
CALLS_PER_CHANNEL = 16
"""Of three allocations each; a channel has 50."""


@pytest.fixture
def leases(dynamodb, clock) -> LedgerLeases:
    return LedgerLeases(dynamodb, TABLE, call_allocations=3, clock=clock)


@pytest.fixture
def another_process(dynamodb, clock) -> LedgerLeases:  # noqa: ARG001 - it is what starts moto
    return LedgerLeases(aws_client("dynamodb"), TABLE, call_allocations=3, clock=clock)


def open_session(ledger, number: int) -> str:
    session = ledger.open(f"session-{number}", owner="o", transport="webrtc", concurrency=100, per_caller=100)
    return session.session_id


def fill(leases, ledger, channel: str = CHANNELS[0]) -> list[str]:
    opened = [open_session(ledger, number) for number in range(CALLS_PER_CHANNEL)]
    assert [asyncio.run(leases.take(channel, one)) for one in opened] == [True] * CALLS_PER_CHANNEL
    return opened


def test_a_channel_is_promised_to_as_many_calls_as_it_carries(leases, another_process, ledger):
    """Kinesis Video refuses the 51st allocation: that caller would hear nothing and know nothing."""
    fill(leases, ledger)
    late = open_session(ledger, 99)

    assert not asyncio.run(leases.take(CHANNELS[0], late))
    assert not asyncio.run(another_process.take(CHANNELS[0], late))  # functions share what they promised
    assert asyncio.run(another_process.take(CHANNELS[1], late))


def test_a_call_that_renews_its_relays_has_its_place(leases, ledger):
    """A re-join must not be refused because the pool is full, of the very call that re-joins."""
    first, *_ = fill(leases, ledger)

    assert asyncio.run(leases.take(CHANNELS[0], first))


@pytest.mark.parametrize("ended", [1, CALLS_PER_CHANNEL])
def test_whoever_ended_makes_room_without_saying_so(leases, another_process, ledger, ended):
    """Agent, door and reaper all end sessions; none of them needs to know of relays."""
    for one in fill(leases, ledger)[:ended]:
        ledger.close(one, Reason.HANG_UP)

    late = [open_session(ledger, 50 + number) for number in range(ended + 1)]
    taken = [asyncio.run(another_process.take(CHANNELS[0], one)) for one in late]

    assert taken == [True] * ended + [False]


def test_what_came_to_nothing_is_taken_back(leases, ledger):
    """A channel that throttled a call gives its place to the next."""
    first, *_ = fill(leases, ledger)

    asyncio.run(leases.undo(CHANNELS[0], first))

    assert asyncio.run(leases.take(CHANNELS[0], open_session(ledger, 99)))


def test_counting_does_not_disturb_the_ledger(leases, ledger, clock, dynamodb):
    """Its items live in the same table; the reaper must not take them for sessions, nor keep them for ever."""
    opened = fill(leases, ledger)

    assert {one.session_id for one in ledger.open_sessions()} == set(opened)
    (counted,) = [one for one in items(dynamodb) if one["session_id"]["S"].startswith("relays-of-")]
    assert int(counted["expires_at"]["N"]) > clock.now


def test_a_table_that_is_not_there_is_said(dynamodb):
    """The call is refused with a reason, instead of a channel being overbooked."""
    leases = LedgerLeases(dynamodb, "not-there", call_allocations=3)

    with pytest.raises(LedgerUnavailableError, match="not-there"):
        asyncio.run(leases.take(CHANNELS[0], "session"))


def test_a_pool_that_several_processes_share_is_never_overbooked(dynamodb, ledger):
    """Each of Lambda's processes draws channels by itself; the sum is what counts."""
    signaling = EmulatedChannels()

    def process(seed: int) -> ManagedIceServers:
        leases = LedgerLeases(dynamodb, TABLE, call_allocations=3)
        chance = random.Random(seed)  # noqa: S311 - seeded, so that a failure can be repeated
        return ManagedIceServers(channel_arns=CHANNELS, signaling=signaling, leases=leases, chance=chance)

    calls = 2 * CALLS_PER_CHANNEL
    for number in range(calls):  # a new process for each call is the worst that can happen
        session_id = open_session(ledger, number)
        asyncio.run(process(number).issue(session_id, 90))
    refused = open_session(ledger, calls)

    assert set(signaling.issued.values()) == {CALLS_PER_CHANNEL}
    with pytest.raises(RelaysBusyError):
        asyncio.run(process(calls).issue(refused, 90))


@pytest.fixture
def signaling():
    """Kinesis Video's two APIs, for one channel."""

    def answer(request):
        if request.path == "/getSignalingChannelEndpoint":
            return 200, {"ResourceEndpointList": [{"Protocol": "HTTPS", "ResourceEndpoint": server.url}]}
        assert request.path == "/v1/get-ice-server-config"
        uris = ["turn:192.0.2.9:443?transport=udp", "turns:192.0.2.9:443?transport=udp"]
        uris.append("turns:192.0.2.9:443?transport=tcp")
        return 200, {"IceServerList": [{"Uris": uris, "Username": "u", "Password": "p", "Ttl": 300}]}

    with answering(answer) as server:
        yield server


def test_the_door_issues_from_a_managed_pool(call, *, environment, signaling, agentcore, ledger):
    """From API Gateway's event to a channel: looked up once, asked once a session, counted in the ledger."""
    variables = {
        **ManagedTurnSettings(channel_arns=(CHANNELS[0],)).to_environment(),
        "HOTLINE_ALLOCATIONS_PER_CALL": "25",
        "AWS_ENDPOINT_URL_KINESIS_VIDEO": signaling.url,
        "HOTLINE_CONCURRENCY": "9",
    }
    for name, value in variables.items():
        environment.setenv(name, value)
    forget()

    opened = [call("POST /sessions", body=WANTED_WEBRTC) for _ in range(2)]
    refused = call("POST /sessions", body=WANTED_WEBRTC)
    ledger.close(opened[0][1]["session_id"], Reason.HANG_UP)
    again = call("POST /sessions", body=WANTED_WEBRTC)

    assert [one[0] for one in (*opened, again)] == [HTTPStatus.CREATED] * 3
    assert [one["urls"] for one in opened[0][1]["ice_servers"]] == [
        ["turn:192.0.2.9:443?transport=udp"],
        ["turns:192.0.2.9:443?transport=tcp"],
    ]
    assert (refused[0], "no relay" in refused[1]["detail"]) == (HTTPStatus.SERVICE_UNAVAILABLE, True)
    assert signaling.paths().count("/getSignalingChannelEndpoint") == 1
    assert signaling.paths().count("/v1/get-ice-server-config") == len(agentcore.asked) == 3
