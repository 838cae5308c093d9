"""The brain that the embedded cloud talks with: real speech in, real speech out."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest
import pytest_asyncio

from scripts.embedded.bedrock import SpeakingBrain
from scripts.embedded.bedrock.intents import Wish, understand
from scripts.embedded.bedrock.phrases import NO_HUMAN, PERSON, TROUBLE, answer_from
from scripts.embedded.speech import Grammar, Speech, Voice
from tests.embedded.bedrock.client import INPUT_RATE, OUTPUT_RATE, dial
from tests.embedded.bedrock.speech_sample import silence

QUESTION = "what is the status of my order number four two seven"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def speech():
    async with Speech() as process:
        await process.warm()
        yield process


class Borrowed(SpeakingBrain):
    """A brain whose speech process belongs to the test module."""

    async def __aexit__(self, *_):
        pass


@pytest.mark.asyncio(loop_scope="module")
class TestACall:
    async def ask(self, serve, speech, question, result):
        """Speak *question*, answer the tool with *result*, and return what is heard of the reply."""
        async with serve(Borrowed(speech)) as server, dial(server.url) as stream:
            await stream.begin(tools=("order_status",))
            await stream.open_microphone()
            await stream.hear(
                silence(0.3) + await speech.synthesise(question, Voice.CALLER, INPUT_RATE) + silence(0.6)
            )
            if result:
                use = await stream.until("toolUse")
                await stream.tool_result(use["toolUseId"], json.dumps(result))
                assert json.loads(use["content"]) == {"order_number": result["order_number"]}
            await stream.until("contentEnd", type="AUDIO")
            await stream.end()
        return await speech.recognise(stream.audio(), OUTPUT_RATE, Grammar.ANSWERS)

    @pytest.mark.parametrize("status", ["shipped", "delayed", "waiting for payment"])
    async def test_the_answer_is_the_tools_and_nobody_elses(self, serve, speech, status):
        """The same order has three fates here: only the tool can have told the brain which."""
        result = {"order_number": "427", "found": True, "status": status}

        heard = await self.ask(serve, speech, QUESTION, result)

        assert heard.startswith("order four two seven")
        assert heard.endswith(status)

    async def test_an_unknown_order_is_said_to_be_unknown(self, serve, speech):
        """Inventing a status would be the worst answer."""
        heard = await self.ask(serve, speech, QUESTION, {"order_number": "427", "found": False})

        assert heard == "i could not find order four two seven"

    async def test_speech_without_a_question_is_asked_back(self, serve, speech):
        """No tool is called for what was not understood."""
        heard = await self.ask(serve, speech, "la la la la la la la", None)

        assert heard.startswith("sorry i did not catch that")

    async def test_an_order_without_its_number_is_asked_for(self, serve, speech):
        """Callers seldom have the number ready."""
        assert await self.ask(serve, speech, "where is my order", None) == "please tell me your order number"


@pytest.mark.parametrize(
    ("words", "wish", "number"),
    [
        (QUESTION, Wish.STATUS, "427"),
        ("And order 518?", Wish.STATUS, "518"),
        ("four two seven", Wish.STATUS, "427"),
        ("hello where is my order", Wish.STATUS, ""),
        ("thank you goodbye", Wish.LEAVE, ""),
        ("no thank you", Wish.DECLINE, ""),
        ("yes please", Wish.AGREE, ""),
        ("thank you very much", Wish.THANK, ""),
        ("can i speak to a human", Wish.HUMAN, ""),
        ("can you repeat that", Wish.REPEAT, ""),
        ("hello", Wish.GREET, ""),
        ("", Wish.UNKNOWN, ""),
    ],
)
def test_words_become_wishes(words, wish, number):
    """Every sentence of the grammar leads somewhere."""
    intent = understand(words)

    assert (intent.wish, intent.order_number) == (wish, number)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ('{"order_number": "518", "found": true, "status": "delayed"}', "Order five one eight is delayed."),
        (
            '{"order_number": "518", "status": "lost at sea"}',
            "Order five one eight has the status lost at sea.",
        ),
        ('{"found": false}', "I could not find order four two seven."),
        (
            '{"problem": "The database is away."}',
            "I cannot look that up right now. Please try again in a moment.",
        ),
        ("[]", "I cannot look that up right now. Please try again in a moment."),
    ],
)
def test_a_result_is_put_into_words(result, said):
    """Whatever the tool says, the caller hears a sentence."""
    assert answer_from(result, "427") == said


class Agent:
    """The client's side: a tool that answers what it is told to."""

    def __init__(self, result):
        self.result = result
        self.asked = []

    async def call_tool(self, name, arguments):
        self.asked.append((name, arguments["callback_number"]))
        return json.dumps(self.result)


KNOWN = {
    "transfer_to_human": {"callback_number": {"description": "'this phone' for the phone they call from"}}
}
UNKNOWN = {"transfer_to_human": {"callback_number": {"description": "Where to call."}}}


@pytest.mark.parametrize(
    ("tools", "result", "said", "asked"),
    [
        (KNOWN, {"handed_over": True}, PERSON, [("transfer_to_human", "this phone")]),
        (KNOWN, {"handed_over": False}, TROUBLE, [("transfer_to_human", "this phone")]),
        (KNOWN, {"problem": "People cannot be reached."}, TROUBLE, [("transfer_to_human", "this phone")]),
        (UNKNOWN, {}, NO_HUMAN, []),
        ({}, {}, NO_HUMAN, []),
    ],
)
async def test_a_person_is_promised_when_the_tool_has_said_so(tools, result, said, asked):
    """And asked for only where the caller's number is known: this brain understands no other."""
    agent = Agent(result)

    assert await SpeakingBrain(None)._hand_over(tools, agent) == said
    assert agent.asked == asked


class TestTheProcess:
    async def start(self, *arguments):
        command = (sys.executable, "-m", "scripts.embedded.bedrock", *arguments)
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)

    async def test_it_says_when_it_is_ready_and_leaves_nothing(self):
        """The embedded cloud starts it, waits for the line, and ends it with SIGTERM."""
        process = await self.start("--port", "0", "--script", '[{"says": "Hello."}]')
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        assert ready["url"].startswith("https://localhost:")
        certificates = Path(ready["ca_file"]).parent
        assert certificates.is_dir()

        process.send_signal(signal.SIGTERM)

        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert not certificates.exists()

    async def test_a_taken_port_is_said_in_one_sentence(self):
        """No traceback for something that everybody meets."""
        server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            process = await self.start("--port", str(port), "--script", "[]")
            _, errors = await asyncio.wait_for(process.communicate(), 30)

        assert process.returncode == 1
        assert errors.decode().startswith(f"bedrock: cannot listen on port {port}")
        assert "Traceback" not in errors.decode()
