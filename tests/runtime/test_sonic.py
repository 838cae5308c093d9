"""Faults of Pipecat 1.14's Nova Sonic service that a caller would suffer from, each shown to be mended."""

import asyncio
import functools
import socket
import time

import pytest
import websockets.asyncio.client
from pipecat.services.aws.nova_sonic.session_continuation import SessionContinuationParams

from runtime.brains import dialling, owed, stream
from runtime.brains.sonic import Sonic
from scripts.embedded.bedrock.faults import Faults
from scripts.embedded.bedrock.limits import Limits
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from tests.runtime.conftest import ANSWER, GREETING, SESSION_HEADER, World, ask, greeted, speak, until
from tests.runtime.role import served_role

MANY = 1000


async def reason_of_a_failed_call(world: World) -> str:
    session_id = world.open_session()
    async with world.call(session_id) as line:
        await until(lambda: line.ear.lost, seconds=25)
    return (await world.closed(session_id)).reason


async def test_asks_for_the_model_voice_and_pause_that_were_configured(start_agent):
    """The model id is always explicit: a library's default changes under a deployment."""
    async with start_agent(model_id="amazon.nova-2-sonic-v1:0") as world, world.call() as line:
        await greeted(line)
        session = world.bedrock.sessions[0]

    assert session.model.model_id == "amazon.nova-2-sonic-v1:0"
    assert session.sensitivity == "HIGH"
    assert session.conversation.voice_id == "tiffany"
    assert "order_status" in session.conversation.tools


async def test_each_stream_is_signed_with_the_credentials_of_its_moment(start_agent, monkeypatch):
    """A role's credentials end after an hour or less; keys that were kept end the call with them."""
    with served_role(monkeypatch) as role:
        async with start_agent(credentials=role.look_up) as world, world.call() as line:
            await greeted(line)
            role.renew()
            world.bedrock.sessions[0].drop()
            await until(lambda: len(world.bedrock.sessions) == 2)
            await ask(line)

    assert len(set(role.signers)) == 2


async def test_one_stream_keeps_its_credentials_to_its_end(start_agent, monkeypatch):
    """Each event's signature continues the one before: a key changed in between breaks the chain."""
    with served_role(monkeypatch) as role:
        async with start_agent(credentials=role.look_up) as world, world.call() as line:
            await greeted(line)
            role.renew()
            await ask(line)

            assert len(world.bedrock.sessions) == 1


async def test_a_forced_hand_over_moves_the_call_and_leaves_one_stream(start_agent, monkeypatch):
    """In a quiet call Pipecat drops the fresh stream, opens another each timeout, and dies at 8 minutes."""
    soon = SessionContinuationParams(transition_threshold_seconds=1, audio_start_timeout_seconds=1)
    monkeypatch.setattr("runtime.brains.sonic_brain.Sonic", functools.partial(Sonic, continuation=soon))
    async with start_agent() as world, world.call() as line:
        await greeted(line)
        await until(world.bedrock.sessions[0].closed.is_set)
        await ask(line)
        open_now = [one for one in world.bedrock.sessions if not one.closed.is_set()]

        assert len(open_now) <= 2  # the one in use, and the next one while it is prepared
        assert world.bedrock.sessions[0].conversation.turns == 1


async def test_the_eight_minute_limit_does_not_end_the_call(start_agent):
    """Bedrock ends every stream; a conversation is longer than that."""
    async with start_agent(limits=Limits(stream_seconds=1.5)) as world, world.call() as line:
        await greeted(line)
        await until(lambda: len(world.bedrock.sessions) > 1)
        await ask(line)


async def test_a_lost_stream_is_replaced_and_remembers_the_conversation(start_agent):
    """The caller should not have to say everything again."""
    async with start_agent() as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            await ask(line)
            world.bedrock.sessions[0].drop()
            await until(lambda: len(world.bedrock.sessions) == 2)
            await ask(line)
            await line.hang_up()
        await world.closed(session_id)
        await until(lambda: world.metrics("ModelReconnects"))

    assert ("ASSISTANT", ANSWER.says) in world.bedrock.sessions[1].conversation.history
    assert world.metrics("ModelReconnects") == [1]


async def test_throttling_is_waited_out(start_agent):
    """The default quota is 20 streams per account: a busy second must not cost a call."""
    async with start_agent(faults=Faults(throttle=2)) as world, world.call() as line:
        await greeted(line)


@pytest.mark.parametrize("fault", [{"deny": MANY}, {"throttle": MANY}, {"refuse": MANY}, {"stall": MANY}])
async def test_a_model_that_cannot_be_had_ends_the_call(start_agent, monkeypatch, fault):
    """Pipecat stays on the line in silence, for as long as the caller bears it, and is billed."""
    monkeypatch.setattr(owed, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(stream, "WAITING_EVENTS", MANY * MANY)
    async with start_agent(faults=Faults(**fault)) as world:
        assert await reason_of_a_failed_call(world) == "model_unavailable"


async def test_a_closed_port_ends_the_call(start_agent):
    """The SDK's own retry waits for ever on a stream that never began."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"https://localhost:{nobody.getsockname()[1]}"
    async with start_agent(bedrock_url=url) as world:
        assert await reason_of_a_failed_call(world) == "model_unavailable"


async def test_an_endpoint_that_never_answers_ends_the_call(start_agent, monkeypatch):
    """A dropped packet at the NAT gateway looks like this: connected, and nothing more."""
    monkeypatch.setattr(stream, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(stream, "WAITING_EVENTS", MANY * MANY)
    monkeypatch.setattr(owed, "ANSWER_SECONDS", MANY)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with start_agent(bedrock_url=f"https://localhost:{silent.getsockname()[1]}") as world:
            assert await reason_of_a_failed_call(world) == "model_unavailable"
    await until(lambda: not [task for task in asyncio.all_tasks() if task.get_name() == "dial_bedrock"])


async def test_a_role_without_credentials_ends_the_call(start_agent, monkeypatch):
    """The SDK never returns when its own question for credentials fails."""
    monkeypatch.setattr(dialling, "CONNECT_SECONDS", MANY)
    async with start_agent() as world:
        session_id = world.open_session()
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        async with world.call(session_id) as line:
            await until(lambda: line.ear.lost, seconds=25)

        # The ledger cannot be asked either, so the metric is where the reason is.
        await until(lambda: '"reason":"model_unavailable"' in world.said())


async def test_a_model_that_stops_reading_is_replaced(start_agent, monkeypatch):
    """The audio that nobody takes must not pile up for the rest of the call."""
    monkeypatch.setattr(stream, "WAITING_EVENTS", 20)
    async with start_agent() as world, world.call() as line:
        await greeted(line)
        world.bedrock.sessions[0].stall()
        await until(lambda: len(world.bedrock.sessions) == 2, seconds=20)
        await ask(line)


async def test_a_stalled_model_does_not_hold_up_the_hang_up(start_agent):
    """Pipecat's audio path waits for the wire: with a dead endpoint it took 20 s to hang up."""
    async with start_agent() as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            world.bedrock.sessions[0].stall()
            await speak(line, 1.0)
            began = time.monotonic()
            await line.hang_up()
        await world.closed(session_id)

    assert time.monotonic() - began < 10


async def test_leaving_a_stream_takes_no_second(start_agent):
    """Pipecat sleeps a second, twice, at every end: two seconds billed, and the microVM kept."""
    took = []
    while not took or (
        min(took) > 1.5 and len(took) < 3
    ):  # a busy machine may take one by itself, now and then
        async with start_agent() as world, world.call() as line:
            await greeted(line)
            began = time.monotonic()
            await line.hang_up()
            took.append(time.monotonic() - began)

            await until(world.bedrock.sessions[0].closed.is_set)
            assert world.bedrock.sessions[0].ended  # said goodbye, not merely cut

    assert min(took) < 1.5


async def test_speech_and_text_tokens_are_kept_apart(start_agent):
    """They cost nine times as much as each other; Pipecat adds them up, and nothing can be priced."""
    async with start_agent() as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            await ask(line)
            await line.hang_up()
        row = await world.closed(session_id)
        billed = world.bedrock.sessions[0].conversation.usage.total()

    assert row.speech_input_tokens == billed["input"]["speechTokens"] > 0
    assert row.text_input_tokens == billed["input"]["textTokens"] > 0
    assert row.speech_output_tokens == billed["output"]["speechTokens"] > 0
    assert row.text_output_tokens == billed["output"]["textTokens"] > 0


async def test_a_muted_caller_keeps_the_model(start_agent):
    """Bedrock ends a stream that hears nothing for 55 s; a client that mutes sends nothing at all."""
    async with start_agent(limits=Limits(audio_wait_seconds=1.5)) as world:
        url, headers = f"ws://127.0.0.1:{world.port}/ws", {SESSION_HEADER: world.open_session()}
        async with websockets.asyncio.client.connect(url, additional_headers=headers, max_queue=None):
            await until(lambda: world.bedrock.sessions)
            await until(lambda: world.bedrock.sessions[0].received["audioInput"] >= 15)

            assert not world.bedrock.sessions[0].closed.is_set()


async def test_audio_waits_while_a_tool_runs(start_agent, monkeypatch):
    """Nova 2.5 Sonic was seen to end a stream that got audio while it waited for a result."""
    arrived: list[int] = []

    async def slow(*_: object) -> dict[str, str]:
        session = world.bedrock.sessions[0]
        before = session.received["audioInput"]
        await asyncio.sleep(0.3)
        arrived.append(session.received["audioInput"] - before)
        return {"status": "shipped"}

    monkeypatch.setattr("runtime.tools.order_status._look_up", lambda *_: None)
    monkeypatch.setattr("runtime.tools.toolbox._answer", lambda *_: _pair(slow()))
    look_up = Scripted(tool=("order_status", {"order_number": "427"}), says="{result}", tone_seconds=0.2)
    async with start_agent(ScriptedBrain(GREETING, look_up)) as world, world.call() as line:
        await greeted(line)
        await ask(line)
        await until(lambda: world.bedrock.sessions[0].tool_results)

    assert arrived[0] <= 3  # what was on its way


async def _pair(answer):
    return await answer, ""
