"""A call as a caller, the ledger and the bill see it."""

import asyncio

from runtime.brains.sonic import Sonic
from runtime.door.session import Reason, State
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from tests.runtime.conftest import ANSWER, GREETING, ask, greeted, until
from tests.runtime.scenes import LONG, talk_over, type_and_hear

LOOK_UP = Scripted(
    hears="order four two seven",
    tool=("order_status", {"order_number": "427"}),
    says="It is {result}",
    tone_seconds=0.3,
)


async def test_greets_without_being_asked(start_agent):
    """Whoever hears nothing for a second says hello twice, or hangs up."""
    async with start_agent() as world, world.call() as line:
        await greeted(line)

        assert world.bedrock.sessions[0].conversation.turns == 1
        assert world.metrics("JoinTime")


async def test_answers_what_the_caller_says_and_looks_it_up(start_agent):
    """The main job: a spoken question, a real look-up, a spoken answer."""
    async with start_agent(ScriptedBrain(GREETING, LOOK_UP)) as world, world.call() as line:
        await greeted(line)
        await ask(line)

        assert '"status": "shipped"' in world.bedrock.sessions[0].tool_results[0]
        assert world.metrics("ToolCalls") == [1]
        assert world.metrics("ToolErrors") == [0]


async def test_a_hang_up_closes_the_session_with_its_figures(start_agent):
    """The ledger is what finance, the concurrency cap and the reaper believe."""
    async with start_agent() as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            assert world.ledger.get(session_id).state is State.ACTIVE
            await line.hang_up()
        row = await world.closed(session_id)

    assert row.reason == "hang_up"
    assert row.cost_usd > 0
    assert row.speech_output_tokens > 0
    assert row.seconds > 0


async def test_no_answer_is_left_running_after_a_call(start_agent):
    """One leaked task or stream per call adds up to a dead deployment."""
    async with start_agent() as world:
        async with world.call() as line:
            await greeted(line)
        before = {task.get_name() for task in asyncio.all_tasks()}
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            await line.hang_up()
        await world.closed(session_id)
        await until(lambda: all(one.closed.is_set() for one in world.bedrock.sessions))
        await until(lambda: len(asyncio.all_tasks()) <= len(before))


async def test_a_caller_who_vanishes_is_noticed(start_agent):
    """A phone that lost its network never says goodbye."""
    async with start_agent() as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            line._socket.transport.abort()
            row = await world.closed(session_id)

    assert row.reason == "caller_gone"


async def test_a_caller_who_is_gone_before_the_ledger_answers_leaves_no_open_row(start_agent):
    """The ledger's answer comes all the same, and a row that it made active would block a place for a minute."""
    async with start_agent() as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            line._socket.transport.abort()
        row = await world.closed(session_id)

    assert row.reason == "caller_gone"


async def test_refuses_a_session_that_the_ledger_does_not_know(start_agent):
    """A stolen link to another deployment, or one used twice, gets no agent and hears nothing."""
    async with start_agent() as world, world.call("never-opened") as line:
        await until(lambda: line.ear.lost)

        assert "1008" in line.ear.lost
        assert not line.ear.sounds


async def test_refuses_a_session_that_is_over(start_agent):
    """A way in is good for one call."""
    async with start_agent() as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            await line.hang_up()
        await world.closed(session_id)
        async with world.call(session_id) as line:
            await until(lambda: line.ear.lost)

    assert "1008" in line.ear.lost


async def test_an_outage_of_the_ledger_does_not_end_the_call(start_agent):
    """The caller is on the line; the books can wait."""
    async with start_agent() as world:
        session_id = world.open_session()
        world.database.down = True
        async with world.call(session_id) as line:
            await greeted(line)
            assert await ask(line) < 5


async def test_an_outage_of_the_ledger_at_the_start_does_not_end_the_call_when_it_is_over(
    start_agent, monkeypatch
):
    """The row still waits to be joined: a heartbeat would find the session closed, and the reaper nobody on it."""
    monkeypatch.setattr("runtime.record.HEARTBEAT_SECONDS", 0.2)
    async with start_agent() as world:
        session_id = world.open_session()
        world.database.down = True
        async with world.call(session_id) as line:
            await greeted(line)
            world.database.down = False
            await until(lambda: world.ledger.get(session_id).state is State.ACTIVE)
            assert await ask(line) < 5
            await line.hang_up()
        row = await world.closed(session_id)

    assert row.reason == "hang_up"


async def test_a_session_that_was_closed_during_an_outage_is_hung_up(start_agent, monkeypatch):
    """Joining late is no way past whoever stopped it."""
    monkeypatch.setattr("runtime.record.HEARTBEAT_SECONDS", 0.2)
    async with start_agent() as world:
        session_id = world.open_session()
        world.database.down = True
        async with world.call(session_id) as line:
            await greeted(line)
            world.ledger.close(session_id, "stopped")
            world.database.down = False
            await until(lambda: line.ear.lost)


async def test_typed_text_is_answered_aloud(start_agent):
    """Pipecat's clients send text beside speech; Pipecat 1.14 only interrupts the agent for it."""
    async with start_agent() as world, world.call() as line:
        await greeted(line)
        await type_and_hear(line)

        assert world.bedrock.sessions[0].conversation.turns == 2


async def test_talking_over_the_agent_silences_it(start_agent):
    """An agent that cannot be interrupted is an answering machine."""
    async with start_agent(ScriptedBrain(LONG, ANSWER)) as world:
        await talk_over(world)

    assert world.metrics("Interruptions") == [1]


async def test_a_goodbye_that_cannot_be_said_does_not_keep_the_call(start_agent, monkeypatch):
    """Whatever breaks at the end, nothing else would end a call that has ended already."""

    async def broken(*_: object) -> None:
        raise RuntimeError("the model's service has changed")

    async with start_agent() as world, world.call() as line:
        await greeted(line)
        monkeypatch.setattr(Sonic, "ask", broken)
        (call,) = world.agent._calls
        call.end(Reason.DURATION)
        await until(lambda: line.ear.lost)
        await until(lambda: not world.agent._calls)
