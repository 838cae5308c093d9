"""What bounds a call: silence, time and money, each in words first."""

import pytest

from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from tests.runtime.conftest import GREETING, World, ask, greeted, until

GOODBYE = Scripted(says="I have to end the call now. Goodbye.", tone_seconds=0.6)


async def call_until_capped(world: World) -> tuple[str, float]:
    """Call, and return why the agent hung up and when it was last heard."""
    session_id = world.open_session()
    async with world.call(session_id) as line:
        await until(lambda: line.ear.lost, seconds=15)
        last_heard = max(sound.at for sound in line.ear.sounds if sound.audible)
    row = await world.closed(session_id)
    return row.reason, last_heard - line.opened_at


@pytest.mark.parametrize(
    ("reason", "cap"),
    [("idle", {"idle_seconds": 2}), ("duration", {"call_seconds": 2}), ("cost", {"call_cost_usd": 0.00001})],
)
async def test_a_cap_ends_the_call_in_words(start_agent, reason, cap):
    """A line that goes dead in mid-sentence makes the caller dial again, and pay again."""
    async with start_agent(ScriptedBrain(GREETING, GOODBYE), **cap) as world:
        ended, last_heard = await call_until_capped(world)
        model = world.bedrock.sessions[0].conversation

    assert ended == reason
    assert model.turns == 2  # the greeting, and the farewell that it was asked for
    assert last_heard > GREETING.tone_seconds
    assert any("goodbye" in said.lower() for role, said in model.history if role == "ASSISTANT")


async def test_a_call_is_as_long_as_the_door_promised_its_caller(start_agent):
    """A guest's is shorter than the stage's; the agent reads it in the row that it joins."""
    async with start_agent(ScriptedBrain(GREETING, GOODBYE), call_seconds=900) as world:
        session_id = world.open_session(call_seconds=2)
        async with world.call(session_id) as line:
            await until(lambda: line.ear.lost, seconds=15)
        row = await world.closed(session_id)

    assert row.reason == "duration"


async def test_a_model_that_says_no_goodbye_does_not_keep_the_line(start_agent, monkeypatch):
    """A cap that a silent model can lift is none."""
    monkeypatch.setattr("runtime.farewell.BEGIN_SECONDS", 1.0)
    async with start_agent(call_seconds=2) as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            world.bedrock.sessions[0].stall()
            await until(lambda: line.ear.lost, seconds=8)
        row = await world.closed(session_id)

    assert row.reason == "duration"


async def test_a_caller_who_hangs_up_during_the_farewell_is_let_go(start_agent):
    """Nobody listens any more, so nobody should be billed for it."""
    long = Scripted(says="Before you go, let me tell you.", tone_seconds=20)
    async with start_agent(ScriptedBrain(GREETING, long), call_seconds=2) as world:
        session_id = world.open_session()
        async with world.call(session_id):
            await until(lambda: world.bedrock.sessions and world.bedrock.sessions[0].conversation.turns == 2)
        row = await world.closed(session_id, seconds=5)

    assert row.reason == "duration"


async def test_a_conversation_is_not_idle(start_agent):
    """Silence is measured from the last sound of either side, not from the start."""
    async with start_agent(idle_seconds=3) as world, world.call() as line:
        await greeted(line)
        for _ in range(3):
            await ask(line)

        assert not line.ear.lost


async def test_a_session_that_the_door_closed_is_hung_up(start_agent, monkeypatch):
    """DELETE /sessions must end the call even if AgentCore is slow to stop the machine."""
    monkeypatch.setattr("runtime.record.HEARTBEAT_SECONDS", 0.2)
    async with start_agent(ScriptedBrain(GREETING, GOODBYE)) as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            world.ledger.close(session_id, "stopped")
            await until(lambda: line.ear.lost)
        row = await world.closed(session_id)

    assert row.reason == "stopped"
    assert row.cost_usd > 0  # the agent's figures arrive after the door's closing
