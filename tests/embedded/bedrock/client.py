"""The real SDK client as Pipecat uses it, with words for what a test does with a stream."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aws_sdk_bedrock_runtime.client import AsyncBedrockRuntimeClient
from aws_sdk_bedrock_runtime.config import Config
from aws_sdk_bedrock_runtime.models import (
    BidirectionalInputPayloadPart,
    InvokeModelWithBidirectionalStreamInputChunk,
    InvokeModelWithBidirectionalStreamOperationInput,
)
from smithy_aws_core.auth.sigv4 import SigV4AuthScheme
from smithy_aws_core.identity.static import StaticCredentialsResolver
from smithy_core.shapes import ShapeID

NOVA_2 = "amazon.nova-2-sonic-v1:0"
NOVA_2_5 = "amazon.nova-2-5-sonic"
ACCESS_KEY_ID, SECRET, TOKEN = "AKIDTEST", "test-secret", "test-token"

INPUT_RATE, OUTPUT_RATE = 16_000, 24_000
FRAME_SECONDS = 0.02
PROMPT, MICROPHONE = "prompt", "microphone"


class Stream:
    """One open stream and the events that came so far."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._receiver: Any = None

    async def send(self, name: str, **body: Any) -> None:
        await self.send_raw(json.dumps({"event": {name: body}}).encode())

    async def send_raw(self, payload: bytes) -> None:
        part = BidirectionalInputPayloadPart(bytes_=payload)
        await self._stream.input_stream.send(InvokeModelWithBidirectionalStreamInputChunk(value=part))

    async def begin(self, *, tools: tuple[str, ...] = (), **session: Any) -> None:
        await self.send("sessionStart", inferenceConfiguration={"maxTokens": 1024}, **session)
        specifications = [{"toolSpec": {"name": one, "inputSchema": {"json": "{}"}}} for one in tools]
        await self.send(
            "promptStart",
            promptName=PROMPT,
            audioOutputConfiguration={"sampleRateHertz": OUTPUT_RATE, "voiceId": "matthew"},
            toolConfiguration={"tools": specifications},
        )

    async def text(
        self, text: str, *, role: str = "USER", interactive: bool = True, name: str = "text"
    ) -> None:
        start = {"type": "TEXT", "role": role, "interactive": interactive}
        await self.send("contentStart", promptName=PROMPT, contentName=name, **start)
        await self.send("textInput", promptName=PROMPT, contentName=name, content=text)
        await self.send("contentEnd", promptName=PROMPT, contentName=name)

    async def open_microphone(self) -> None:
        form = {"type": "AUDIO", "role": "USER", "audioInputConfiguration": {"sampleRateHertz": INPUT_RATE}}
        await self.send("contentStart", promptName=PROMPT, contentName=MICROPHONE, **form)

    async def hear(self, pcm: bytes) -> None:
        """Send audio in frames, as fast as the stream takes it: the server counts time in audio."""
        step = round(INPUT_RATE * FRAME_SECONDS) * 2
        for start in range(0, len(pcm), step):
            content = base64.b64encode(pcm[start : start + step]).decode()
            await self.send("audioInput", promptName=PROMPT, contentName=MICROPHONE, content=content)

    async def tool_result(self, tool_use_id: str, content: str) -> None:
        form = {"toolUseId": tool_use_id, "type": "TEXT"}
        start = {"type": "TOOL", "role": "TOOL", "toolResultInputConfiguration": form}
        await self.send("contentStart", promptName=PROMPT, contentName="result", **start)
        await self.send("toolResult", promptName=PROMPT, contentName="result", content=content)
        await self.send("contentEnd", promptName=PROMPT, contentName="result")

    async def end(self) -> None:
        await self.send("promptEnd", promptName=PROMPT)
        await self.send("sessionEnd")

    async def next(self) -> tuple[str, dict[str, Any]] | None:
        """Return the next event, None at the end; raise what the service raised."""
        if self._receiver is None:
            self._receiver = (await self._stream.await_output())[1]
        chunk = await self._receiver.receive()
        if chunk is None:
            return None
        ((name, body),) = json.loads(chunk.value.bytes_)["event"].items()
        self.events.append((name, body))
        return name, body

    async def until(self, wanted: str, **fields: Any) -> dict[str, Any]:
        """Read on to the event named *wanted* whose body holds *fields*."""
        while event := await self.next():
            name, body = event
            if name == wanted and fields.items() <= body.items():
                return body
        raise AssertionError(f"The stream ended before {wanted} {fields}; it brought {self.names()}.")

    async def rest(self) -> None:
        while await self.next():
            pass

    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    def audio(self) -> bytes:
        pieces = (body["content"] for name, body in self.events if name == "audioOutput")
        return b"".join(map(base64.b64decode, pieces))

    async def close(self) -> None:
        with contextlib.suppress(OSError):  # the tests that break the connection
            await self._stream.close()


@contextlib.asynccontextmanager
async def dial(
    url: str, *, model: str = NOVA_2_5, secret: str = SECRET, key: str = ACCESS_KEY_ID, token: str = TOKEN
) -> AsyncIterator[Stream]:
    """Open a stream, within a deadline that only a hang meets."""
    config = Config(
        endpoint_uri=url,
        region="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        aws_credentials_identity_resolver=StaticCredentialsResolver(),
        auth_schemes={ShapeID("aws.auth#sigv4"): SigV4AuthScheme(service="bedrock")},
    )
    request = InvokeModelWithBidirectionalStreamOperationInput(model_id=model)
    async with asyncio.timeout(30):
        opened = await AsyncBedrockRuntimeClient(config=config).invoke_model_with_bidirectional_stream(
            request
        )
        stream = Stream(opened)
        try:
            yield stream
        finally:
            await stream.close()
