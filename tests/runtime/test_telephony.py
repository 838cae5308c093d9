"""A phone call as each provider's media stream brings it, against the whole agent and a scripted model."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from runtime.phones import LINES
from runtime.transports.phone_dialects import DIALECTS
from scripts.calling.phone_line import PhoneLine
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from tests.runtime.conftest import ANSWER, SESSION_HEADER, World, ask, greeted, until

each_provider = pytest.mark.parametrize("provider", LINES)


async def woken(world: World, provider: str) -> str:
    session_id = world.open_session(provider)
    status, answer = await world.invoke(session_id, action="wake", line=provider)
    assert (status, answer) == (200, {"status": "awake"})
    return session_id


@contextlib.asynccontextmanager
async def phoned(world: World, provider: str, session_id: str = "") -> AsyncIterator[PhoneLine]:
    headers = {SESSION_HEADER: session_id or await woken(world, provider)}
    async with PhoneLine.open(f"ws://127.0.0.1:{world.port}/ws", provider, headers=headers) as line:
        yield line


def test_there_is_a_dialect_for_every_line():
    """What the door may wake a session for, the agent must understand."""
    assert tuple(DIALECTS) == LINES


@each_provider
async def test_greets_and_answers(start_agent, provider):
    """Speech in, speech out, as a phone carries it."""
    async with start_agent() as world, phoned(world, provider) as line:
        await greeted(line)
        await ask(line)

        assert world.bedrock.sessions[0].conversation.turns == 2
        assert world.metrics("JoinTime")
        assert world.metrics("VoiceToVoiceLatency")


@each_provider
async def test_talking_over_the_agent_empties_what_the_provider_would_still_play(start_agent, provider):
    """The provider holds speech that was sent ahead; only it can be told to forget it."""
    long = Scripted(says="Let me explain at length.", tone_seconds=8)
    async with start_agent(ScriptedBrain(long, ANSWER)) as world, phoned(world, provider) as line:
        await until(lambda: line.ear.sounds)
        await ask(line)

        assert line.ear.interruptions
        assert line.ear.lost == ""


@each_provider
async def test_keys_reach_the_conversation(start_agent, provider):
    """Whoever is told to type their order number must not be left alone with it."""
    async with start_agent() as world, phoned(world, provider) as line:
        await greeted(line)
        typed = time.monotonic()
        await line.press("427#")
        await line.ear.utterance(after=typed, start_seconds=20, end_seconds=20, quiet_seconds=0.3)

        assert "4 2 7" in str(world.bedrock.sessions[0].conversation.history)
        assert "4 2 7" not in world.said()


@each_provider
async def test_a_caller_who_hangs_up_ends_the_call(start_agent, provider):
    """The row must say hang-up, not that somebody went missing."""
    async with start_agent() as world:
        session_id = await woken(world, provider)
        async with phoned(world, provider, session_id) as line:
            await greeted(line)
            await line.hang_up()
            row = await world.closed(session_id)

    assert (row.reason, row.transport) == ("hang_up", provider)


@each_provider
async def test_the_agent_hangs_up_once_its_goodbye_was_heard(start_agent, provider):
    """A provider drops what it has not played when the stream ends, and the goodbye with it."""
    async with start_agent(call_seconds=2) as world:
        session_id = await woken(world, provider)
        async with phoned(world, provider, session_id) as line:
            await until(lambda: line.ear.lost, 15)
            row = await world.closed(session_id)

        assert "1000" in line.ear.lost
        assert row.reason == "duration"
        assert line.marks_echoed == 1


@each_provider
async def test_a_line_that_is_cut_is_noticed(start_agent, provider):
    """A provider's outage is not the caller's choice."""
    async with start_agent() as world:
        session_id = await woken(world, provider)
        async with phoned(world, provider, session_id) as line:
            await greeted(line)
            line._socket.transport.abort()
            row = await world.closed(session_id)

    assert row.reason == "caller_gone"


async def test_speech_is_sent_ahead_but_no_further_than_the_provider_can_forget(start_agent):
    """Too little, and the caller hears every hiccup of the network; too much, and nothing can be measured."""
    long = Scripted(says="Let me explain at length.", tone_seconds=4)
    async with start_agent(ScriptedBrain(long)) as world, phoned(world, "twilio") as line:
        await until(lambda: seconds_heard(line) > 2)
        sounds, sent, ahead = line.ear.sounds, 0.0, []
        for one in sounds:
            sent += len(one.audio.pcm) / 16_000
            ahead.append(sent - (one.at - sounds[0].at))

    # A busy machine delivers some of them late, so the best and the worst moment count, once it has got going.
    settled = ahead[len(ahead) // 2 :]
    assert max(settled) > 0.1
    assert min(settled) < 0.35


def seconds_heard(line):
    return sum(len(one.audio.pcm) / 16_000 for one in line.ear.sounds)


@pytest.mark.parametrize(
    "first",
    [
        '{"event": "media", "media": {"payload": "AAAA"}}',
        '{"event": "start"}',
        '{"event": "start", "start": {"streamSid": 7}}',
        "[]",
        "no JSON",
        b"\x00\x01",
    ],
)
async def test_what_is_no_stream_of_the_provider_is_refused(start_agent, first):
    """The way in may have been found by somebody who is no provider."""
    async with start_agent() as world:
        session_id = await woken(world, "twilio")
        async with phoned_raw(world, session_id) as socket:
            await socket.send(first)
            await asyncio.wait_for(socket.wait_closed(), 5)

        assert socket.close_code == 1008
        assert not world.bedrock.sessions


@pytest.mark.parametrize(
    "later",
    [
        "no JSON",
        '{"event": "media", "media": "none"}',
        '{"event": "media", "streamSid": "MZ1", "media": {"payload": 7}}',
        "7",
        pytest.param("[" * 30_000, id="deeper than can be read"),
    ],
)
async def test_nonsense_in_the_stream_ends_the_call(start_agent, later):
    """It ends with a reason, not with a traceback and a silent line."""
    async with start_agent() as world:
        session_id = await woken(world, "twilio")
        async with phoned_raw(world, session_id) as socket:
            await socket.send('{"event": "start", "start": {"streamSid": "MZ1"}}')
            await socket.send(later)
            row = await world.closed(session_id)
            await asyncio.wait_for(socket.wait_closed(), 5)

    assert socket.close_code == 1007
    assert row.reason == "caller_gone"


async def test_a_line_that_nobody_knows_is_refused(start_agent):
    """A door of another version would otherwise get a caller who hears noise."""
    async with start_agent() as world:
        status, answer = await world.invoke(world.open_session(), action="wake", line="carrier-pigeon")

    assert status == 400
    assert answer["error"]["code"] == "unknown_line"


@contextlib.asynccontextmanager
async def phoned_raw(world: World, session_id: str):
    from websockets.asyncio.client import connect  # noqa: PLC0415

    async with connect(
        f"ws://127.0.0.1:{world.port}/ws", additional_headers={SESSION_HEADER: session_id}
    ) as socket:
        yield socket
