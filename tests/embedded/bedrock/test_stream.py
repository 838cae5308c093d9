"""The real SDK talks to the local Bedrock, and must not be able to tell."""

import asyncio
import json

import pytest
from aws_sdk_bedrock_runtime.models import ValidationException

from scripts.embedded.bedrock import Faults, Limits, Scripted, ScriptedBrain
from tests.embedded.bedrock.client import NOVA_2, OUTPUT_RATE, dial
from tests.embedded.bedrock.speech_sample import silence, sound

INTERRUPTED = {"stopReason": "INTERRUPTED"}
ANSWERED = {"stopReason": "END_TURN", "type": "TEXT"}

# awscrt 0.32 reports to nobody that its writer was cut off; that is the client's affair.
cut_off = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


async def test_a_typed_turn_is_answered_in_text_and_audio(serve):
    """The agent's greeting is made this way."""
    brain = ScriptedBrain(Scripted(says="Hi there.", tone_seconds=0.5))
    async with serve(brain) as server, dial(server.url) as stream:
        await stream.begin()
        await stream.text("Greet the caller.")
        await stream.until("contentEnd", **ANSWERED)
        await stream.end()
        await stream.rest()

    assert len(stream.audio()) == OUTPUT_RATE * 2 * 0.5
    texts = [body["content"] for name, body in stream.events if name == "textOutput"]
    assert texts == ["Hi there.", "Hi there."]
    assert stream.names()[0] == "completionStart"
    assert stream.names()[-1] == "completionEnd"


async def test_a_spoken_turn_is_transcribed_then_answered(serve):
    """Speech, then silence: the model takes its turn without being told."""
    async with serve(ScriptedBrain(Scripted(hears="good day"))) as server, dial(server.url) as stream:
        await stream.begin()
        await stream.open_microphone()
        await stream.hear(sound(0.5) + silence(0.6))
        heard = await stream.until("textOutput", role="USER")
        await stream.until("audioOutput")
        await stream.end()

    assert heard["content"] == "good day"


async def test_a_pause_shorter_than_the_endpoint_does_not_end_the_turn(serve):
    """Nova 2 Sonic waits 1.5 s even at HIGH: callers who think aloud are not cut off."""
    async with (
        serve(ScriptedBrain(Scripted(tone_seconds=0.1))) as server,
        dial(server.url, model=NOVA_2) as stream,
    ):
        await stream.begin(turnDetectionConfiguration={"endpointingSensitivity": "HIGH"})
        await stream.open_microphone()
        await stream.hear(sound(0.3) + silence(1.4) + sound(0.3) + silence(1.6))
        await stream.until("contentEnd", **ANSWERED)
        await stream.end()
        await stream.rest()
        (session,) = server.sessions

    assert session.conversation.turns == 1


async def test_a_tool_is_called_and_its_result_reaches_the_brain(serve):
    """The model asks, the client answers, and the words depend on it."""
    script = Scripted(says="It says {result}", tool=("order_status", {"order_number": "427"}))
    async with serve(ScriptedBrain(script)) as server, dial(server.url) as stream:
        await stream.begin(tools=("order_status",))
        await stream.text("Where is my order?")
        use = await stream.until("toolUse", toolName="order_status")
        await stream.until("contentEnd", stopReason="TOOL_USE")
        await stream.tool_result(use["toolUseId"], '{"status": "shipped"}')
        said = await stream.until("textOutput", role="ASSISTANT")
        await stream.end()

    assert json.loads(use["content"]) == {"order_number": "427"}
    assert said["content"] == 'It says {"status": "shipped"}'


async def test_a_caller_who_speaks_up_stops_the_model(serve):
    """Barge-in: the audio block ends, and the client is told to flush what it still plays."""
    async with serve(ScriptedBrain(Scripted(tone_seconds=30))) as server, dial(server.url) as stream:
        await stream.begin()
        await stream.open_microphone()
        await stream.text("Talk for long.")
        await stream.until("audioOutput")
        await stream.hear(sound(0.3))
        flush = await stream.until("textOutput", content='{ "interrupted" : true }')
        await stream.until("contentEnd", contentId=flush["contentId"], **INTERRUPTED)
        ended = [body["type"] for name, body in stream.events if name == "contentEnd"]
        await stream.end()

    assert ended[-2:] == ["AUDIO", "TEXT"]
    assert len(stream.audio()) < OUTPUT_RATE * 2 * 30


async def test_an_interrupting_turn_is_answered_after_the_flush(serve):
    """The new answer's audio must not be flushed with the old one's."""
    brain = ScriptedBrain(Scripted(says="Long.", tone_seconds=30), Scripted(says="Short."))
    async with serve(brain) as server, dial(server.url) as stream:
        await stream.begin()
        await stream.open_microphone()
        await stream.text("Talk for long.")
        await stream.until("audioOutput")
        await stream.text("Stop!", name="second")
        await stream.until("textOutput", content="Short.")
        stops = [body["stopReason"] for name, body in stream.events if name == "contentEnd"]
        await stream.end()

    assert stops == ["PARTIAL_TURN", "END_TURN", "INTERRUPTED"]


async def test_usage_is_reported_in_parts_that_add_up(serve):
    """The cost cap prices the deltas: speech at 25 tokens a second, apart from text."""
    async with serve(ScriptedBrain(Scripted(tone_seconds=2))) as server, dial(server.url) as stream:
        await stream.begin()
        await stream.open_microphone()
        await stream.hear(sound(1.0) + silence(0.6))
        await stream.until("contentEnd", **ANSWERED)
        await stream.text("And again.")
        await stream.until("contentEnd", **ANSWERED)
        await stream.end()
    reports = [body["details"] for name, body in stream.events if name == "usageEvent"]

    first, second = reports
    assert first["delta"]["output"]["speechTokens"] == 50
    assert first["delta"]["input"]["speechTokens"] == pytest.approx(25, abs=2)
    assert second["delta"]["input"]["speechTokens"] == 0
    for way in ("input", "output"):
        for kind in ("speechTokens", "textTokens"):
            parts = first["delta"][way][kind] + second["delta"][way][kind]
            assert second["total"][way][kind] == parts


async def test_sessions_speak_side_by_side(serve):
    """Two calls share nothing."""
    brain = ScriptedBrain(choose=lambda turn: Scripted(says=f"You said {turn.text}.", tone_seconds=0.2))
    async with serve(brain) as server, dial(server.url) as one, dial(server.url) as other:
        for stream, word in ((one, "one"), (other, "other")):
            await stream.begin()
            await stream.text(word)
        said = [await stream.until("textOutput") for stream in (one, other)]
        for stream in (one, other):
            await stream.end()

    assert [body["content"] for body in said] == ["You said one.", "You said other."]


async def test_history_and_instructions_reach_the_brain(serve):
    """A hand-over after eight minutes carries the conversation this way."""
    turns = []

    def remember(turn):
        turns.append(turn)
        return Scripted(tone_seconds=0.1)

    async with serve(ScriptedBrain(choose=remember)) as server, dial(server.url) as stream:
        await stream.begin(tools=("order_status",))
        await stream.text("Be kind.", role="SYSTEM", interactive=False, name="a")
        await stream.text("Where is it?", interactive=False, name="b")
        await stream.text("On its way.", role="ASSISTANT", interactive=False, name="c")
        await stream.text("Thanks.", name="d")
        await stream.until("contentEnd", **ANSWERED)
        await stream.end()

    (turn,) = turns
    assert turn.system_prompt == "Be kind."
    assert turn.history == (("USER", "Where is it?"), ("ASSISTANT", "On its way."))
    assert list(turn.tools) == ["order_status"]


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (Limits(stream_seconds=1), "ModelTimeoutException"),
        (Limits(audio_wait_seconds=1), "ValidationException"),
    ],
    ids=["eight minutes", "no audio"],
)
async def test_a_stream_that_outstays_its_time_is_ended_with_a_reason(serve, limits, error):
    """The agent must hand over before the first and send silence before the second."""
    async with serve(ScriptedBrain(), limits=limits) as server, dial(server.url) as stream:
        await stream.begin()
        await stream.open_microphone()
        with pytest.raises(Exception, match=r"[Tt]imed out") as ended:
            await stream.rest()
        await asyncio.wait_for(server.sessions[0].closed.wait(), 10)

    assert type(ended.value).__name__ == error


async def test_audio_keeps_a_stream_alive(serve):
    """Silence counts: what the service wants is audio, not speech."""
    async with (
        serve(ScriptedBrain(), limits=Limits(audio_wait_seconds=1.5)) as server,
        dial(server.url) as stream,
    ):
        await stream.begin()
        await stream.open_microphone()
        for _ in range(20):
            await stream.hear(silence(0.02))
            await asyncio.sleep(0.1)
        await stream.text("Still there?")
        await stream.until("audioOutput")
        await stream.end()


async def test_an_invalid_event_ends_the_stream_in_words(serve):
    """The SDK raises what AWS would have raised."""
    async with serve(ScriptedBrain()) as server, dial(server.url) as stream:
        await stream.begin()
        await stream.send("audioInput", promptName="prompt", contentName="nowhere", content="")
        with pytest.raises(ValidationException, match="No AUDIO content block 'nowhere' is open"):
            await stream.rest()


async def test_a_payload_that_is_no_json_ends_the_stream_in_words(serve):
    """Garbage from a client is the client's fault."""
    async with serve(ScriptedBrain()) as server, dial(server.url) as stream:
        await stream.send_raw(b"no json")
        with pytest.raises(ValidationException, match="holds no event"):
            await stream.rest()


@cut_off
async def test_leaving_the_server_ends_what_runs(serve):
    """A test that fails in the middle of a call leaves nothing behind."""
    async with serve(ScriptedBrain(Scripted(tone_seconds=30))) as server, dial(server.url) as stream:
        await stream.begin()
        await stream.text("Talk for long.")
        await stream.until("audioOutput")
        (session,) = server.sessions
        await server.__aexit__(None, None, None)
        assert session.closed.is_set()
        await stream.rest()

    assert "completionEnd" not in stream.names()


@cut_off
async def test_a_stalled_stream_takes_and_gives_nothing(serve):
    """What a dead endpoint looks like to the agent: connected, and silent."""
    limits = Limits(audio_wait_seconds=0.3)  # even this is not said any more
    async with (
        serve(ScriptedBrain(), faults=Faults(stall=1), limits=limits) as server,
        dial(server.url) as stream,
    ):
        await stream.begin()
        await stream.text("Hello?")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.until("audioOutput"), 1)
        assert server.sessions[0].received.total() <= 1


@cut_off
async def test_a_dropped_connection_ends_the_stream_early(serve):
    """The network may go at any time; the agent must notice."""
    async with serve(ScriptedBrain(Scripted(tone_seconds=30))) as server, dial(server.url) as stream:
        await stream.begin()
        await stream.text("Talk for long.")
        await stream.until("audioOutput")
        server.sessions[0].drop()
        await stream.rest()

    assert "completionEnd" not in stream.names()


@cut_off
async def test_a_timed_drop_befalls_every_stream(serve):
    """The switch that the process offers for calls that break in the middle."""
    async with (
        serve(ScriptedBrain(), faults=Faults(drop_after_seconds=1)) as server,
        dial(server.url) as stream,
    ):
        await stream.begin()
        await stream.rest()

    assert "completionEnd" not in stream.names()
