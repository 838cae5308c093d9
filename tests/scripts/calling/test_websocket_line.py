"""The caller's side of a connection, against a real WebSocket."""

import asyncio
import time

import pytest
from websockets.asyncio.server import serve

from scripts.calling.errors import LostError, NoAnswerError, RefusedError
from scripts.calling.utterance import Utterance
from scripts.calling.websocket_line import WebSocketLine
from tests.scripts.calling.agent import Agent, tone

WAITS = {"start_seconds": 30.0, "end_seconds": 30.0, "quiet_seconds": 0.2}
HELLO = Utterance(tone(0.2, 16_000) + bytes(16_000))
"""0.2 s of voice with half a second of silence behind it."""


async def test_latency_counts_from_the_last_audible_sound_not_from_the_end_of_the_file():
    """A recording with a silent tail would otherwise make the agent look faster than it is."""
    async with Agent(thinks_seconds=0.3).running() as agent, WebSocketLine.open(agent.url) as line:
        await line.ear.utterance(after=line.opened_at, **WAITS)
        spoke = await line.microphone.say(HELLO)
        answered = await line.ear.utterance(after=spoke, **WAITS)

    assert answered - spoke >= 0.3


async def test_the_microphone_never_stops():
    """A model ends a stream that carries no audio, so silence is sent between sentences."""
    async with Agent().running() as agent, WebSocketLine.open(agent.url) as line:
        await line.ear.utterance(after=line.opened_at, **WAITS)
        await line.microphone.say(HELLO)
        await line.ear.utterance(after=time.monotonic(), **WAITS)

    loud = [number for number, one in enumerate(agent.microphone) if one > 1000]
    assert len(loud) == 10
    assert loud[0] > 0
    assert agent.microphone[loud[-1] + 1] == 0


async def test_an_answer_faster_than_it_can_be_heard_is_heard_to_its_end():
    """An agent may send a second of speech at once; hanging up then would cut it off."""
    async with Agent(greeting=tone(0.8)).running() as agent, WebSocketLine.open(agent.url) as line:
        began = await line.ear.utterance(after=line.opened_at, **WAITS)

        assert time.monotonic() - began >= 0.8 + WAITS["quiet_seconds"]


async def test_hanging_up_lets_the_agent_close_the_call():
    """Whoever just drops the line leaves `caller_gone` in the ledger, and figures that may be lost."""
    async with Agent().running() as agent, WebSocketLine.open(agent.url) as line:
        await line.hang_up()

    assert agent.messages == ["client-ready", "disconnect-bot"]
    assert "hang_up" in line.ear.lost


async def test_an_agent_that_leaves_in_mid_sentence_ends_the_wait():
    """Nobody sits in front of a dead line until a deadline."""
    async with Agent(leaves_on_speech=True).running() as agent, WebSocketLine.open(agent.url) as line:
        await line.ear.utterance(after=line.opened_at, **WAITS)
        spoke = await line.microphone.say(HELLO)

        with pytest.raises(LostError, match="1011, agent_error"):
            await line.ear.utterance(after=spoke, **WAITS)
        with pytest.raises(LostError):
            await line.microphone.say(HELLO)


async def test_a_silent_agent_is_given_up_on():
    """A call must end by itself, also in a nightly job."""
    async with Agent(greeting=b"").running() as agent, WebSocketLine.open(agent.url) as line:
        with pytest.raises(NoAnswerError, match="said nothing for 0 s"):
            await line.ear.utterance(
                after=line.opened_at, start_seconds=0.3, end_seconds=1, quiet_seconds=0.1
            )


async def test_a_refused_way_in_says_so():
    """A pre-signed URL that expired is answered with an HTTP status, which the caller must see."""

    def forbid(connection, _request):
        return connection.respond(403, "expired")

    async with serve(lambda _: asyncio.sleep(0), "127.0.0.1", 0, process_request=forbid) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(RefusedError, match="403"):
            async with WebSocketLine.open(f"ws://127.0.0.1:{port}/ws"):
                pytest.fail("the line must not open")


async def test_nothing_stays_behind_after_a_call():
    """Every path closes: a forgotten task would keep a finished call's socket open."""
    before = asyncio.all_tasks()
    async with Agent().running() as agent:
        with pytest.raises(KeyError):
            async with WebSocketLine.open(agent.url):
                raise KeyError
        assert agent.messages in ([], ["client-ready"])
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == before
