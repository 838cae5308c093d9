"""The cascade as a caller, the ledger and the bill see it: the same calls as with Nova Sonic."""

import asyncio
import socket

import pytest
import websockets.asyncio.client

from runtime.brains.cascade.clients import Clients
from runtime.door.session import Reason
from runtime.farewell import FAREWELLS
from runtime.settings.brains import CASCADE
from scripts.calling.utterance import MICROPHONE_HZ, Utterance
from scripts.embedded.bedrock.faults import Faults
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from scripts.embedded.bedrock.speaking import SpeakingBrain
from scripts.embedded.speech import Speech, Voice
from tests.runtime.conftest import ANSWER, GREETING, SESSION_HEADER, World, ask, greeted, until
from tests.runtime.role import served_role
from tests.runtime.scenes import LONG, TYPED, talk_over, type_and_hear

MANY = 1000
CASCADE_KNOBS = {
    "brain_kind": CASCADE,
    "model_id": "amazon.nova-lite-v1:0",
    "voice_id": "Joanna",
    "speech_engine": "neural",
    "language": "en-US",
    "pause_seconds": 0.2,
}
LOOK_UP = Scripted(
    hears="order four two seven",
    tool=("order_status", {"order_number": "427"}),
    says="It is {result}",
    tone_seconds=0.3,
)


@pytest.fixture
def start_agent(start_agent):
    """An agent with the cascade for a brain."""

    def start(brain=None, **options):
        return start_agent(brain, **{**CASCADE_KNOBS, **options})

    return start


def last_message(world: World) -> str:
    return str(world.bedrock.cascade.conversations[-1]["messages"][-1])


async def reason_of_a_failed_call(world: World) -> str:
    session_id = world.open_session()
    async with world.call(session_id) as line:
        await until(lambda: line.ear.lost, seconds=25)
    return (await world.closed(session_id)).reason


async def test_greets_without_being_asked(start_agent):
    """Whoever hears nothing for a second says hello twice, or hangs up."""
    async with start_agent() as world, world.call() as line:
        await greeted(line)

        assert world.bedrock.cascade.spoken == [GREETING.says]
        assert world.metrics("JoinTime")
        assert world.metrics("ModelFirstAudio")


async def test_answers_what_the_caller_says_and_looks_it_up(start_agent):
    """The main job: a spoken question, a real look-up, a spoken answer."""
    async with start_agent(ScriptedBrain(GREETING, LOOK_UP)) as world, world.call() as line:
        await greeted(line)
        await ask(line)

        assert "shipped" in last_message(world)
        assert world.metrics("ToolCalls") == [1]
        assert world.metrics("ToolErrors") == [0]
        assert len(world.metrics("VoiceToVoiceLatency")) == 1


async def test_speech_is_understood_and_answered_in_speech(start_agent):
    """The same with the recogniser and the brain that the embedded cloud has."""
    async with Speech() as speech:
        question = await speech.synthesise(
            "what is the status of my order number four two seven", Voice.CALLER, MICROPHONE_HZ
        )
        async with start_agent(SpeakingBrain(speech)) as world, world.call() as line:
            await greeted(line)
            ended = await line.microphone.say(Utterance(question))
            await line.ear.utterance(after=ended, start_seconds=20, end_seconds=20, quiet_seconds=0.5)

            assert world.bedrock.cascade.spoken[-1] == "Order four two seven has shipped."


async def test_a_hang_up_ends_everything_and_is_billed(start_agent):
    """The ledger is what finance believes; a stream that nobody ends is billed on."""
    async with start_agent() as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            await line.hang_up()
        row = await world.closed(session_id)
        await until(lambda: world.bedrock.cascade.streams[0].said_goodbye)

    assert row.reason == "hang_up"
    assert row.text_input_tokens > 0
    assert row.text_output_tokens > 0
    assert row.cost_usd > 0.006  # Transcribe's 15 seconds, which every call pays


async def test_no_answer_is_left_running_after_a_call(start_agent):
    """One leaked task or connection per call adds up to a dead deployment."""
    async with start_agent() as world:
        async with world.call() as line:
            await greeted(line)
        before = {task.get_name() for task in asyncio.all_tasks()}
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            await line.hang_up()
        await world.closed(session_id)
        await until(lambda: len(asyncio.all_tasks()) <= len(before))


async def test_typed_text_is_answered_aloud(start_agent):
    """Pipecat's clients send text beside speech."""
    async with start_agent() as world, world.call() as line:
        await greeted(line)
        await type_and_hear(line)

        assert TYPED in last_message(world)
        assert len(world.metrics("ModelFirstAudio")) == 2


async def test_talking_over_the_agent_silences_it(start_agent):
    """An agent that cannot be interrupted is an answering machine."""
    async with start_agent(ScriptedBrain(LONG, ANSWER)) as world:
        await talk_over(world)

    assert world.metrics("Interruptions") == [1]


async def test_a_call_that_has_cost_enough_ends_in_words(start_agent):
    """The cap counts what Transcribe and Polly cost, too, and the last words are spoken."""
    async with start_agent(call_cost_usd=0.005) as world:
        assert await reason_of_a_failed_call(world) == "cost"

        assert FAREWELLS[Reason.COST] in last_message(world)
        assert len(world.bedrock.cascade.spoken) == 2


@pytest.mark.parametrize("throttled", [1, 3])
async def test_a_model_that_is_busy_for_a_moment_answers_all_the_same(start_agent, throttled):
    """botocore asks three times; then Pipecat would leave the caller waiting for ever."""
    async with start_agent(faults=Faults(throttle=throttled)) as world, world.call() as line:
        await greeted(line)

        assert world.bedrock.cascade.spoken == [GREETING.says]


async def test_a_model_that_is_denied_ends_the_call(start_agent):
    """Pipecat stays on the line in silence, for as long as the caller bears it."""
    async with start_agent(faults=Faults(deny=MANY)) as world:
        assert await reason_of_a_failed_call(world) == "model_unavailable"


async def test_a_closed_port_ends_the_call(start_agent):
    """Nobody to hear and nobody to answer: the caller is told nothing, but is let go."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"https://localhost:{nobody.getsockname()[1]}"
    async with start_agent(bedrock_url=url) as world:
        assert await reason_of_a_failed_call(world) == "model_unavailable"


async def test_a_lost_stream_is_replaced_and_nothing_that_is_said_meanwhile_is_lost(start_agent):
    """Pipecat waits four seconds before it listens again, and forgets what it would have heard."""
    async with start_agent() as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            await world.bedrock.cascade.streams[0]._socket.close()
            assert await ask(line) < 5
            await line.hang_up()
        await world.closed(session_id)

    assert len(world.bedrock.cascade.streams) == 2
    assert world.metrics("ModelReconnects") == [1]


async def test_a_muted_caller_is_still_listened_to(start_agent):
    """Transcribe ends a stream that gets no audio for 15 s; a client that mutes sends nothing at all."""
    async with start_agent() as world:
        world.bedrock.cascade.audio_wait_seconds = 2.0
        url, headers = f"ws://127.0.0.1:{world.port}/ws", {SESSION_HEADER: world.open_session()}
        async with websockets.asyncio.client.connect(url, additional_headers=headers, max_queue=None):
            await until(lambda: world.bedrock.cascade.streams)
            await until(lambda: world.bedrock.cascade.streams[0].seconds >= 2.5)

            assert len(world.bedrock.cascade.streams) == 1


async def test_each_request_is_signed_as_the_role_of_that_moment(start_agent, monkeypatch):
    """Pipecat keeps the keys that it finds in the environment, which end before a long call does."""
    with served_role(monkeypatch) as role:
        async with start_agent(credentials=role.look_up) as world, world.call() as line:
            await greeted(line)
            role.renew()
            await ask(line)

    assert len(set(role.signers)) == 2


async def test_one_client_of_each_service_serves_the_whole_call(start_agent, monkeypatch):
    """Pipecat makes one for every sentence, and the caller waits for its handshake."""
    made, create = [], Clients._create
    monkeypatch.setattr(Clients, "_create", lambda self, name: made.append(name) or create(self, name))
    async with start_agent() as world, world.call() as line:
        await greeted(line)
        await ask(line)

    assert sorted(made) == ["bedrock-runtime", "polly"]
