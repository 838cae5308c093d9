"""Transcribe's streams over a WebSocket: audio events in, transcript events out.

Source: "Setting up a WebSocket stream" and "Event stream encoding", Amazon Transcribe developer guide.
"""

import asyncio
import json
import uuid
from collections.abc import Mapping

from starlette.websockets import WebSocket, WebSocketDisconnect

from scripts.embedded.bedrock import eventstream
from scripts.embedded.bedrock.brain import Brain
from scripts.embedded.bedrock.eventstream import Decoder, EventStreamError
from scripts.embedded.bedrock.refusal import Refusal
from scripts.embedded.bedrock.turns import Change, TurnDetector

# Source: the service's own words when it ends such a stream, which name the 15 seconds.
AUDIO_WAIT_SECONDS = 15.0
# A choice of ours: AWS does not say how long a pause ends a segment.
SEGMENT_PAUSE_SECONDS = 0.5
SAMPLE_RATES = ("8000", "16000")

BEGUN = "…"
"""The words of a partial result: that somebody speaks is known at once, what they say only at the end."""
NOT_UNDERSTOOD = "hm"
"""What is heard in speech that the grammar does not know; the real service would hear other words."""


def check(query: Mapping[str, str]) -> None:
    """Check what a stream is opened with.

    Raises:
        Refusal: Something is missing, or there is no such thing.
    """
    if not query.get("language-code"):
        raise Refusal(400, "BadRequestException", "language-code is required.")
    if query.get("media-encoding") != "pcm" or query.get("sample-rate") not in SAMPLE_RATES:
        raise Refusal(400, "BadRequestException", "Only pcm at 8000 or 16000 Hz is understood here.")


class TranscribeStream:
    """One stream.

    Attributes:
        heard: What it has transcribed.
        seconds: How much audio came.
        said_goodbye: Whether the client ended it as it should: with an audio event that is empty.
    """

    def __init__(
        self, socket: WebSocket, brain: Brain, *, audio_wait_seconds: float, pause_seconds: float
    ) -> None:
        self.heard: list[str] = []
        self.seconds = 0.0
        self.said_goodbye = False
        self._socket = socket
        self._brain = brain
        self._audio_wait_seconds = audio_wait_seconds
        self._rate = int(socket.query_params["sample-rate"])
        self._detector = TurnDetector(self._rate, pause_seconds)
        self._decoder = Decoder()
        self._result_id = ""

    async def serve(self) -> None:
        """Transcribe until the client ends, errs or falls silent."""
        await self._socket.accept(headers=[(b"x-amzn-transcribe-session-id", str(uuid.uuid4()).encode())])
        try:
            while not self.said_goodbye:
                async with asyncio.timeout(self._audio_wait_seconds):
                    data = await self._socket.receive_bytes()
                await self._take(data)
        except TimeoutError:
            await self._fail("Your request timed out because no new audio was received for 15 seconds.")
        except (EventStreamError, KeyError):  # a KeyError is Starlette's word for a message that is text
            await self._fail("We couldn't decode the frame.")
        except WebSocketDisconnect:
            return
        await self._socket.close()

    async def _take(self, data: bytes) -> None:
        for message in self._decoder.feed(data):
            if message.headers.get(":event-type") != "AudioEvent":
                raise EventStreamError("not an AudioEvent")
            if not message.payload:
                self.said_goodbye = True
                return
            self.seconds += len(message.payload) / 2 / self._rate
            await self._hear(message.payload)

    async def _hear(self, audio: bytes) -> None:
        change = self._detector.feed(audio)
        if change is Change.STARTED:
            self._result_id = str(uuid.uuid4())
            await self._tell(BEGUN, is_partial=True)
        elif change is Change.ENDED:
            turn, _ = self._detector.take()
            words = await self._brain.hear(turn, self._rate) or NOT_UNDERSTOOD
            self.heard.append(words)
            await self._tell(words, is_partial=False)

    async def _tell(self, words: str, *, is_partial: bool) -> None:
        result = {
            "Alternatives": [{"Items": [], "Transcript": words}],
            "EndTime": round(self.seconds, 2),
            "IsPartial": is_partial,
            "ResultId": self._result_id,
            "StartTime": 0.0,
        }
        headers = {
            ":message-type": "event",
            ":event-type": "TranscriptEvent",
            ":content-type": "application/json",
        }
        await self._send(headers, {"Transcript": {"Results": [result]}})

    async def _fail(self, message: str) -> None:
        headers = {
            ":message-type": "exception",
            ":exception-type": "BadRequestException",
            ":content-type": "application/json",
        }
        await self._send(headers, {"Message": message})

    async def _send(self, headers: Mapping[str, str], body: object) -> None:
        await self._socket.send_bytes(eventstream.encode(headers, json.dumps(body).encode()))
