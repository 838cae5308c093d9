"""A phone provider's stream, carried to the agent of one session: for who has the ticket, and nobody else."""

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from runtime.bridge import bridge as bridging
from runtime.bridge import carrying, opening
from tests.bridge.conftest import start
from tests.runtime.conftest import PATIENCE_SECONDS, until


async def test_carries_both_ways_as_it_is(start_bridge):
    """Audio, marks and keys are the agent's and the provider's business."""
    async with start_bridge() as world, world.stream() as socket:
        await socket.recv(), await socket.recv()  # the echo of the opening
        for message in ("{}", '{"event": "media"}', b"\x00\x01"):
            await socket.send(message)
            assert await socket.recv() == message


async def test_signs_a_way_into_the_tickets_own_session(start_bridge):
    """The session is the ledger's word, never the stream's."""
    async with start_bridge() as world:
        session_id, token = world.expect()
        async with world.stream(session_id, token) as socket:
            await socket.recv()
        (path,) = world.agent.paths

    query = parse_qs(urlsplit(path).query)
    assert query["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"] == [session_id]
    assert "X-Amz-Signature" in query


async def test_the_agent_learns_what_the_stream_began_with_but_not_the_ticket(start_bridge):
    """It needs the stream's id; what opens a session it must not be able to repeat."""
    async with start_bridge() as world:
        session_id, token = world.expect()
        async with world.stream(session_id, token):
            await until(lambda: len(world.agent.heard) == 2)
        _, begun = (json.loads(message) for message in world.agent.heard)

    assert begun["start"]["streamSid"] == "MZ1"
    assert token not in str(begun)


async def test_a_ticket_is_good_once(start_bridge):
    """Who has read an answer document after the call began gets nothing."""
    async with start_bridge() as world:
        ticket = world.expect()
        async with world.stream(*ticket) as socket:
            await socket.recv()
        async with world.stream(*ticket) as socket:
            assert await refusal(socket) == 1008

        assert len(world.agent.paths) == 1


async def test_two_at_once_with_one_ticket_are_one(start_bridge):
    """The ledger decides in one conditional write."""
    async with start_bridge() as world:
        ticket = world.expect()
        async with world.stream(*ticket) as one, world.stream(*ticket) as other:
            ended = [asyncio.create_task(refusal(socket)) for socket in (one, other)]
            done, _ = await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
            assert [task.result() for task in done] == [1008]
            await asyncio.wait_for(world.agent.was_reached.wait(), PATIENCE_SECONDS)
            for task in ended:
                task.cancel()

        assert len(world.agent.paths) == 1


async def test_an_old_ticket_is_refused(start_bridge):
    """Its life is that of a way in."""
    async with start_bridge() as world:
        session_id, token = world.expect(life_seconds=-1)
        async with world.stream(session_id, token) as socket:
            assert await refusal(socket) == 1008


async def test_a_ticket_of_another_session_is_refused(start_bridge):
    """One caller must not be put on another's line."""
    async with start_bridge() as world:
        (one, _), (_, token) = world.expect(), world.expect()
        async with world.stream(one, token) as socket:
            assert await refusal(socket) == 1008

        assert not world.agent.paths


@pytest.mark.parametrize(
    "said",
    [
        [b"\x00"],
        ["no JSON"],
        ["[]"],
        ['{"event": "media"}'],
        ['{"event": "start"}'],
        ['{"event": "start", "start": {"customParameters": {}}}'],
        [start(session="s", token="")],
        [start(session=1, token=2)],
        ['{"event": "connected"}', '{"event": "connected"}', start(session="s", token="t")],
        [json.dumps({"event": "start", "padding": "x" * opening.OPENING_BYTES})],
    ],
)
async def test_what_does_not_begin_as_a_stream_is_refused(start_bridge, said):
    """The port is open to everybody."""
    async with start_bridge() as world, connect(f"{world.url}/stream") as socket:
        for message in said:
            await socket.send(message)
        assert await refusal(socket) == 1008

        assert not world.agent.paths


async def test_who_says_nothing_does_not_keep_a_place(start_bridge, monkeypatch):
    """Open connections are free for an attacker, places are not for callers."""
    monkeypatch.setattr(opening, "BEGIN_SECONDS", 0.1)
    async with start_bridge(most_streams=1) as world:
        async with connect(f"{world.url}/stream") as socket:
            assert await refusal(socket) == 1008
        await until(lambda: world.bridge.streams == 0)
        async with world.stream() as socket:
            await socket.recv()


async def test_a_full_bridge_says_so_before_the_handshake(start_bridge):
    """The load balancer and the alarm read it."""
    async with start_bridge(most_streams=1) as world, world.stream() as socket:
        await socket.recv()
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{world.url}/stream")

        assert refused.value.response.status_code == 503
        assert world.metrics("BridgeFaults") == [1]


@pytest.mark.parametrize(("path", "status"), [("/health", 200), ("/", 404), ("/stream/x", 404)])
async def test_there_is_one_way_in_and_a_sign_of_life(start_bridge, path, status):
    """Anything else is a scanner."""
    async with start_bridge() as world:
        with pytest.raises(InvalidStatus) as answered:
            await connect(world.url + path)

    assert answered.value.response.status_code == status


@pytest.mark.parametrize("code", [1000, 1001, 4000])
async def test_the_agent_learns_how_the_provider_left(start_bridge, code):
    """It tells a hang-up from a lost line by it."""
    async with start_bridge() as world, world.stream() as socket:
        await socket.recv()
        await socket.close(code)
        await until(lambda: world.agent.connections[0].close_code == code)
        await until(lambda: world.bridge.streams == 0)


async def test_a_provider_whose_line_breaks_has_not_hung_up(start_bridge):
    """1000 or 1001 would be counted as the caller's own wish."""
    async with start_bridge() as world, world.stream() as socket:
        await socket.recv()
        socket.transport.abort()
        await until(lambda: world.agent.connections[0].close_code == 1011)


@pytest.mark.parametrize("code", [1000, 1008])
async def test_the_provider_hangs_up_when_the_agent_does(start_bridge, code):
    """The end of the stream is the end of the call."""
    async with start_bridge() as world, world.stream() as socket:
        await socket.recv()
        await world.agent.connections[0].close(code)
        assert await refusal(socket) == code


async def test_an_agent_that_takes_nothing_holds_the_provider_back_and_is_given_up(start_bridge, monkeypatch):
    """Without back-pressure, one stuck agent's audio would fill the task's memory, and end everybody's calls."""
    monkeypatch.setattr(carrying, "SEND_SECONDS", 0.5)
    async with start_bridge() as world:
        world.agent.listens.clear()
        async with world.stream() as socket:
            sent = await asyncio.wait_for(flood(socket), 20)

    assert sent < 64 * 1024 * 1024
    assert socket.close_code == 1011


async def test_no_stream_outlives_its_call(start_bridge, monkeypatch):
    """Whatever became of the agent, a place must come back."""
    monkeypatch.setattr(bridging, "FAREWELL_SECONDS", 0.1)
    async with start_bridge(call_seconds=0.2) as world, world.stream() as socket:
        assert await refusal(socket) == 1011


async def test_an_agent_that_cannot_be_reached_is_a_fault_that_somebody_hears_of(start_bridge, agent):
    """The alarm hangs on the metric."""
    async with start_bridge() as world:
        for connection in agent.connections:
            await connection.close()
        world.bridge._connect_agent = unreachable
        async with world.stream() as socket:
            assert await refusal(socket) == 1011

        assert world.metrics("BridgeFaults") == [1]


async def test_an_agent_that_leaves_at_once_is_a_fault_that_somebody_hears_of(start_bridge):
    """Not a traceback: a bridge's log is for what can be done about it."""
    async with start_bridge() as world:
        connect_agent = world.bridge._connect_agent

        async def left(session_id: str):
            connection = await connect_agent(session_id)
            await connection.close()
            return connection

        world.bridge._connect_agent = left
        async with world.stream() as socket:
            assert await refusal(socket) == 1011

        assert world.metrics("BridgeFaults") == [1]


async def test_draining_lets_calls_end(start_bridge):
    """A new version must not cut anybody off."""
    async with start_bridge() as world, world.stream() as socket:
        await socket.recv()
        draining = asyncio.create_task(world.bridge.drain(60))
        await asyncio.sleep(0)
        for path in ("/stream", "/health"):
            with pytest.raises(InvalidStatus) as refused:
                await connect(world.url + path)
            assert refused.value.response.status_code == 503
        await socket.send("still here")
        while await socket.recv() != "still here":
            pass
        await socket.close()
        await asyncio.wait_for(draining, PATIENCE_SECONDS)


async def test_a_call_that_outlasts_the_draining_is_told_so(start_bridge):
    """1001: the provider knows that it was not the caller."""
    async with start_bridge() as world, world.stream() as socket:
        await socket.recv()
        await world.bridge.drain(0.05)
        assert await refusal(socket) == 1001


async def unreachable(_: str) -> None:
    raise bridging.AgentUnreachableError("AgentCore did not let the bridge in.")


async def flood(socket) -> int:
    """Send until the other side has had enough; return the bytes."""
    sent = 0
    try:
        while True:
            await socket.send(bytes(32_000))
            sent += 32_000
    except ConnectionClosed:
        return sent


async def refusal(socket) -> int | None:
    """Read to the end; return the code."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for _ in socket:
                pass
    except ConnectionClosed:
        pass
    return socket.close_code


async def test_whatever_goes_wrong_is_a_fault_that_somebody_hears_of(start_bridge):
    """A caller hears a dead line; no log of a library's says so to anybody."""

    async def broken(_: str) -> None:
        raise RuntimeError("nobody has thought of this")

    async with start_bridge() as world:
        world.bridge._connect_agent = broken
        async with world.stream() as socket:
            assert await refusal(socket) == 1011

        assert world.metrics("BridgeFaults") == [1]
