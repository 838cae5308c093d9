"""The protocol's rules, one by one: what AWS rejects must be rejected here."""

import asyncio
import base64

import pytest

from scripts.embedded.bedrock import Limits, ScriptedBrain
from scripts.embedded.bedrock.conversation import Conversation
from scripts.embedded.bedrock.fields import InvalidEventError
from scripts.embedded.bedrock.models import MODELS
from scripts.embedded.bedrock.output import Output
from scripts.embedded.bedrock.session import Session

START = {"sessionStart": {}}
PROMPT = {
    "promptStart": {
        "promptName": "p",
        "audioOutputConfiguration": {"sampleRateHertz": 24_000, "voiceId": "matthew"},
    }
}


def block(kind, name="c", **form):
    return {"contentStart": {"promptName": "p", "contentName": name, "type": kind, **form}}


def microphone(rate=16_000):
    return block("AUDIO", audioInputConfiguration={"sampleRateHertz": rate})


def text(content):
    return {"textInput": {"promptName": "p", "contentName": "c", "content": content}}


def audio(pcm, **changed):
    content = base64.b64encode(pcm).decode()
    return {"audioInput": {"promptName": "p", "contentName": "c", "content": content, **changed}}


END = {"contentEnd": {"promptName": "p", "contentName": "c"}}
TOOL = block("TOOL", role="TOOL", toolResultInputConfiguration={"toolUseId": "nobody"})


def result(content):
    return {"toolResult": {"promptName": "p", "contentName": "c", "content": content}}


def session(**limits):
    output = Output(lambda _data: None)
    conversation = Conversation(ScriptedBrain(), output)
    return Session(MODELS["amazon.nova-2-sonic-v1:0"], conversation, Limits(**limits), output, exchange=None)


def feed(one, *events):
    for event in events:
        one.receive({"event": event})


@pytest.mark.parametrize(
    ("before", "bad", "words"),
    [
        ((), PROMPT, "before sessionStart"),
        ((START,), START, "came twice"),
        ((START,), {"nonsense": {}}, "Unknown input event 'nonsense'"),
        ((), {"sessionStart": {"endpointingSensitivity": "HIGH"}}, "turnDetectionConfiguration"),
        (
            (),
            {"sessionStart": {"turnDetectionConfiguration": {"endpointingSensitivity": "QUICK"}}},
            "HIGH, MEDIUM or LOW",
        ),
        ((START,), {"promptStart": {"promptName": "p"}}, "audioOutputConfiguration is missing"),
        ((START, PROMPT), PROMPT, "one prompt"),
        ((START,), microphone(), "outside a prompt"),
        ((START, PROMPT), microphone(44_100), "sampleRateHertz"),
        ((START, PROMPT), block("VIDEO"), "TEXT, AUDIO or TOOL"),
        ((START, PROMPT, microphone()), microphone(), "open already"),
        ((START, PROMPT), text("x"), "No TEXT content block"),
        ((START, PROMPT, microphone()), text("x"), "No TEXT content block"),
        ((START, PROMPT, microphone()), audio(b"", content="?"), "no base64"),
        ((START, PROMPT, microphone()), audio(b"abc"), "16 bits"),
        ((START, PROMPT), END, "No content block"),
        ((START, PROMPT, TOOL), result("shipped"), "no JSON"),
        ((START, PROMPT, TOOL, result("{}")), END, "No tool was used"),
        ((START, PROMPT, {"promptEnd": {}}), microphone(), "outside a prompt"),
    ],
)
def test_what_breaks_the_protocol_is_said_in_words(before, bad, words):
    """The client's author reads this message and nothing else."""
    one = session()
    feed(one, *before)

    with pytest.raises(InvalidEventError, match=words):
        feed(one, bad)


@pytest.mark.parametrize(
    "event", [None, [], "x", {}, {"event": {}}, {"event": {"a": {}, "b": {}}}, {"event": {"a": 1}}]
)
def test_what_is_no_event_is_refused(event):
    """Valid JSON may still be nonsense."""
    with pytest.raises(InvalidEventError):
        session().receive(event)


def test_a_long_message_is_refused():
    """50 KB for one message."""
    one = session(message_bytes=10)
    feed(one, START, PROMPT, block("TEXT", role="USER"), text("12345"))

    with pytest.raises(InvalidEventError, match="exceeds 10 bytes"):
        feed(one, text("678901"))


def test_a_long_history_is_refused():
    """200 KB in all: a hand-over must shorten what it carries."""
    one = session(history_bytes=10)
    message = (block("TEXT", role="ASSISTANT"), text("123456"), END)
    feed(one, START, PROMPT, *message)

    with pytest.raises(InvalidEventError, match="history exceeds 10 bytes"):
        feed(one, *message)


async def test_a_result_that_comes_after_an_interruption_is_no_error():
    """The tool was running while the caller spoke up; AWS lets the client finish."""
    called = asyncio.Event()
    asked = []

    class Asks:
        async def answer(self, _turn, floor):
            called.set()
            await floor.call_tool("order_status", {})

    class Remembers(Output):
        def tool_use(self, *use):
            asked.append(use[1])

    output = Remembers(lambda _data: None)
    conversation = Conversation(Asks(), output)
    one = Session(MODELS["amazon.nova-2-5-sonic"], conversation, Limits(), output, exchange=None)
    ask = (block("TEXT", role="USER", interactive=True), text("Where is it?"), END)
    feed(one, START, PROMPT, *ask)
    await called.wait()
    called.clear()
    feed(one, *ask)
    await called.wait()

    late = block("TOOL", role="TOOL", toolResultInputConfiguration={"toolUseId": asked[0]})
    feed(one, late, result("{}"), END)
    await one.close()

    assert one.tool_results == ["{}"]
