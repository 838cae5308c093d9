"""The cascade's services as AWS's own SDK and a WebSocket see them."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as Keys
from botocore.exceptions import ClientError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from scripts.embedded.bedrock.credentials import Credentials
from scripts.embedded.bedrock.eventstream import Decoder, encode
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain, tone
from tests.embedded.bedrock.client import ACCESS_KEY_ID, SECRET, TOKEN

LITE = "amazon.nova-lite-v1:0"
BRAIN = ScriptedBrain(
    Scripted(says="Hello, how can I help you today?"),
    Scripted(hears="order one", says="It is {result}.", tool=("order_status", {"order_number": "1"})),
)
GREET = {"role": "user", "content": [{"text": "Greet the caller."}]}
TOOLS = {"tools": [{"toolSpec": {"name": "order_status", "inputSchema": {"json": {"type": "object"}}}}]}
AUDIO = {":message-type": "event", ":event-type": "AudioEvent", ":content-type": "application/octet-stream"}


@contextmanager
def client(server: Any, service: str, secret: str = SECRET) -> Iterator[Any]:
    made = boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=server.url,
        verify=str(server.ca_file),
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=secret,
        aws_session_token=TOKEN,
        config=Config(retries={"total_max_attempts": 1}),
    )
    try:
        yield made
    finally:
        made.close()


def converse(server: Any, *messages: dict, secret: str = SECRET, model: str = LITE) -> list[dict]:
    with client(server, "bedrock-runtime", secret) as bedrock:
        answer = bedrock.converse_stream(modelId=model, messages=list(messages), toolConfig=TOOLS)
        return list(answer["stream"])


def words_of(events: list[dict]) -> str:
    return "".join(one["contentBlockDelta"]["delta"]["text"] for one in events if "contentBlockDelta" in one)


def way_in(server: Any, secret: str = SECRET, **question: str) -> str:
    asked = {"language-code": "en-US", "media-encoding": "pcm", "sample-rate": "16000", **question}
    query = "&".join(f"{name}={value}" for name, value in asked.items() if value)
    request = AWSRequest("GET", f"{server.url}/stream-transcription-websocket?{query}")
    SigV4QueryAuth(Keys(ACCESS_KEY_ID, secret, TOKEN), "transcribe", "us-east-1", expires=60).add_auth(
        request
    )
    return request.url.replace("https://", "wss://")


async def test_an_answer_comes_in_pieces_and_says_what_it_cost(serve):
    """The SDK's own parser takes it: a wrong header or checksum would stop it."""
    async with serve(BRAIN) as server:
        events = await asyncio.to_thread(converse, server, GREET)

    assert words_of(events) == "Hello, how can I help you today?"
    assert events[-2]["messageStop"]["stopReason"] == "end_turn"
    assert events[-1]["metadata"]["usage"]["outputTokens"] == 8


async def test_a_tool_is_asked_for_and_its_result_answered(serve):
    """Two requests: the model holds nothing between them."""
    ask = {"role": "user", "content": [{"text": "order one"}]}
    hello = {"role": "assistant", "content": [{"text": "Hello."}]}
    async with serve(BRAIN) as server:
        events = await asyncio.to_thread(converse, server, GREET, hello, ask)
        use = next(
            one["contentBlockStart"]["start"]["toolUse"] for one in events if "contentBlockStart" in one
        )
        used = {"role": "assistant", "content": [{"toolUse": {**use, "input": {"order_number": "1"}}}]}
        result = {"toolUseId": use["toolUseId"], "content": [{"text": "on its way"}]}
        told = {"role": "user", "content": [{"toolResult": result}]}
        answer = await asyncio.to_thread(converse, server, GREET, hello, ask, used, told)

    assert use["name"] == "order_status"
    assert words_of(answer) == "It is on its way."


async def test_polly_speaks_and_counts(serve):
    """What is billed is what it says in its header."""

    def speak(server: Any) -> tuple[int, bytes]:
        with client(server, "polly") as polly:
            answer = polly.synthesize_speech(
                Text="Hello.", OutputFormat="pcm", SampleRate="16000", VoiceId="Joanna", Engine="neural"
            )
            return answer["RequestCharacters"], answer["AudioStream"].read()

    async with serve(BRAIN) as server:
        characters, audio = await asyncio.to_thread(speak, server)

    assert characters == 6
    assert len(audio) == 2 * 16_000


@pytest.mark.parametrize(
    ("secret", "model", "code"),
    [("forged", LITE, "InvalidSignatureException"), (SECRET, "amazon.nova-9", "ValidationException")],
)
async def test_who_signs_wrong_or_asks_for_what_there_is_not_is_refused(serve, secret, model, code):
    """As on AWS, by name."""
    async with serve(BRAIN) as server:
        with pytest.raises(ClientError) as refused:
            await asyncio.to_thread(converse, server, GREET, secret=secret, model=model)

    assert refused.value.response["Error"]["Code"] == code


async def test_what_no_policy_allows_is_denied_by_action(serve):
    """The agent's rights are proven by being enforced."""
    asked = []

    def lookup(_key: str) -> Credentials:
        def allows(action: str, resource: str) -> bool:
            asked.append((action, resource))
            return False

        return Credentials(secret_access_key=SECRET, session_token=TOKEN, allows=allows)

    async with serve(BRAIN, credentials=lookup) as server:
        with pytest.raises(ClientError, match="AccessDenied"):
            await asyncio.to_thread(converse, server, GREET)
        with pytest.raises(InvalidStatus):
            async with connect(way_in(server)):
                pass

    model = f"arn:aws:bedrock:us-east-1::foundation-model/{LITE}"
    assert asked == [
        ("bedrock:InvokeModelWithResponseStream", model),
        ("transcribe:StartStreamTranscriptionWebSocket", "*"),
    ]


@pytest.mark.parametrize(
    ("secret", "question", "status"),
    [("forged", {}, 403), (SECRET, {"sample-rate": "44100"}, 400), (SECRET, {"language-code": ""}, 400)],
)
async def test_a_stream_that_cannot_be_is_refused_before_it_opens(serve, secret, question, status):
    async with serve(BRAIN) as server:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(way_in(server, secret, **question)):
                pass

    assert refused.value.response.status_code == status


async def test_speech_is_told_of_at_once_and_its_words_at_its_end(serve):
    """A partial result is what interrupts the agent."""
    async with serve(BRAIN) as server, connect(way_in(server)) as stream:
        for audio in (tone(0.3, 16_000), bytes(32_000)):
            await stream.send(encode(AUDIO, audio))
        results = [_result(await stream.recv()) for _ in range(2)]
        await stream.send(encode(AUDIO, b""))
        await stream.wait_closed()

        assert [one["IsPartial"] for one in results] == [True, False]
        assert results[1]["Alternatives"][0]["Transcript"] == "order one"
        assert server.cascade.streams[0].said_goodbye


async def test_a_stream_without_audio_ends_with_transcribes_own_words(serve):
    """A client that muted is told so, and must open another."""
    async with serve(BRAIN) as server:
        server.cascade.audio_wait_seconds = 0.1
        async with connect(way_in(server)) as stream:
            (message,) = Decoder().feed(await stream.recv())
            await stream.wait_closed()

    assert message.headers[":exception-type"] == "BadRequestException"
    assert "no new audio" in json.loads(message.payload)["Message"]


def _result(frame: bytes) -> dict[str, Any]:
    (message,) = Decoder().feed(frame)
    return json.loads(message.payload)["Transcript"]["Results"][0]
