"""The three services as one ASGI application."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from scripts.embedded.bedrock import eventstream
from scripts.embedded.bedrock.brain import Brain
from scripts.embedded.bedrock.credentials import CredentialsLookup
from scripts.embedded.bedrock.faults import Faults
from scripts.embedded.bedrock.refusal import Refusal
from scripts.embedded.cascade import converse, polly
from scripts.embedded.cascade.access import admit
from scripts.embedded.cascade.refusals import invalid, refuse_websocket, response_to, unknown
from scripts.embedded.cascade.transcribe import (
    AUDIO_WAIT_SECONDS,
    SEGMENT_PAUSE_SECONDS,
    TranscribeStream,
    check,
)

_CONVERSE = re.compile(r"/model/([^/]+)/converse-stream")
_SPEECH, _STREAM = "/v1/speech", "/stream-transcription-websocket"


@dataclass(slots=True, kw_only=True)
class CascadeServices:
    """Serves whoever may ask.

    Attributes:
        conversations: Each request to the model.
        spoken: Each text that was given to Polly.
        streams: Each stream of Transcribe.
    """

    brain: Brain
    faults: Faults
    lookup: CredentialsLookup | None
    region: str
    pause_seconds: float | None = None
    audio_wait_seconds: float = AUDIO_WAIT_SECONDS
    conversations: list[dict[str, Any]] = field(default_factory=list)
    spoken: list[str] = field(default_factory=list)
    streams: list[TranscribeStream] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] == "websocket":
            await self._transcribe(scope, receive, send)
        elif scope["type"] == "http":
            response = await self._respond(Request(scope, receive))
            await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        body = await request.body()
        try:
            asked = _CONVERSE.fullmatch(request.scope["raw_path"].decode().partition("?")[0])
            if request.method == "POST" and asked:
                return await self._converse(request, body, unquote(asked[1]))
            if request.method == "POST" and request.url.path == _SPEECH:
                return await self._speak(request, body)
        except Refusal as refusal:
            return response_to(refusal)
        return response_to(unknown(request.url.path))

    async def _converse(self, request: Request, body: bytes, model_id: str) -> Response:
        self.faults.befall_request()
        await admit(
            request,
            body,
            service="bedrock",
            action="bedrock:InvokeModelWithResponseStream",
            resources=converse.resources_of(model_id, self.region),
            lookup=self.lookup,
        )
        conversation = _object(body)
        self.conversations.append({"modelId": model_id, **conversation})
        frames = await converse.answer(self.brain, conversation)
        return StreamingResponse(_each(frames), media_type=eventstream.CONTENT_TYPE)

    async def _speak(self, request: Request, body: bytes) -> Response:
        await self._admit_anywhere(request, body, "polly", "polly:SynthesizeSpeech")
        wanted = _object(body)
        response = await polly.speak(self.brain, wanted)
        self.spoken.append(wanted["Text"])
        return response

    async def _transcribe(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if socket.url.path != _STREAM:
            await refuse_websocket(unknown(socket.url.path), scope, receive, send)
            return
        try:
            await self._admit_anywhere(
                socket, b"", "transcribe", "transcribe:StartStreamTranscriptionWebSocket"
            )
            check(socket.query_params)
        except Refusal as refusal:
            await refuse_websocket(refusal, scope, receive, send)
            return
        stream = TranscribeStream(
            socket,
            self.brain,
            audio_wait_seconds=self.audio_wait_seconds,
            pause_seconds=SEGMENT_PAUSE_SECONDS if self.pause_seconds is None else self.pause_seconds,
        )
        self.streams.append(stream)
        await stream.serve()

    async def _admit_anywhere(
        self, request: Request | WebSocket, body: bytes, service: str, action: str
    ) -> None:
        """Admit to what IAM knows no resources of."""
        await admit(request, body, service=service, action=action, resources=("*",), lookup=self.lookup)


async def _each(frames: list[bytes]) -> Any:
    for frame in frames:
        yield frame


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise invalid("The body is no JSON object.")
    return value
