"""Amazon Transcribe: Pipecat's service with the faults mended that a caller would suffer from.

Written against pipecat-ai 1.14.0, whose wire format and results it keeps.
"""

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from pipecat.frames.frames import ErrorFrame, Frame
from pipecat.services.aws.stt import AWSTranscribeSTTService, AWSTranscribeSTTSettings
from pipecat.services.aws.utils import build_event_message
from pipecat.services.stt_service import WebsocketSTTService
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.protocol import State

from runtime.brains.cascade.clients import CONNECT_SECONDS, Clients
from runtime.brains.listener import Listener
from runtime.errors import CredentialsError
from runtime.meter import TRANSCRIBE_LEAST_SECONDS, Usage
from runtime.settings.agent import RuntimeSettings
from runtime.transports.line import INPUT_SAMPLE_RATE

# Source: "Setting up a WebSocket stream", Amazon Transcribe developer guide.
PATH, PORT = "/stream-transcription-websocket", 8443
WAY_IN_SECONDS = 60
"""Life of a signed address, which is used at once."""

SILENCE_AFTER_SECONDS = 0.2
"""A client that mutes or stutters sends nothing; after this much of it, as much silence is sent in its place.

Transcribe finishes a sentence by the silence that it hears, and ends a stream that gets no audio for 15 s.
"""

FAREWELL_SECONDS = 0.3
"""Longest wait for Transcribe to say goodbye; Pipecat's 2 s would be added to every hang-up."""

FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.25, 1.0
"""Before a lost stream is replaced.  Pipecat waits 4 s at least, in which a caller talks to nobody."""

HELD_FRAMES = 250
"""Audio kept while a lost stream is replaced: 5 s of it."""

_BYTES_PER_SECOND = 2 * INPUT_SAMPLE_RATE


class Ears(AWSTranscribeSTTService):
    """Hears the caller of one call."""

    def __init__(self, settings: RuntimeSettings, clients: Clients, listener: Listener) -> None:
        super().__init__(
            region=settings.region,
            sample_rate=INPUT_SAMPLE_RATE,
            settings=AWSTranscribeSTTSettings(language=settings.language, partial_results_stability="high"),
            keepalive_timeout=SILENCE_AFTER_SECONDS,
            keepalive_interval=SILENCE_AFTER_SECONDS,
        )
        self._reconnect_backoff_min_wait = FIRST_BACKOFF_SECONDS
        self._reconnect_backoff_max_wait = LONGEST_BACKOFF_SECONDS
        self._ws_close_timeout = FAREWELL_SECONDS
        self._deployment = settings
        self._clients = clients
        self._listener = listener
        self._held: deque[bytes] = deque(maxlen=HELD_FRAMES)
        self._stream_seconds = self._billed_seconds = 0.0
        self._connected_before = False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Send *audio*, or keep it until there is a stream again: Pipecat forgets it."""
        self._held.append(audio)
        while self._held and self._websocket and self._websocket.state is State.OPEN:
            piece = self._held.popleft()
            async for frame in super().run_stt(piece):
                if isinstance(frame, ErrorFrame):  # the receiving side replaces the stream
                    self._held.appendleft(piece)
                    return
                yield frame
            self._bill(piece)

    async def push_error_frame(self, error: ErrorFrame, force_treat_as_permanent: bool = False) -> None:  # noqa: FBT001, FBT002
        """End the call, too, when no stream can be had: Pipecat goes on in silence."""
        await super().push_error_frame(error, force_treat_as_permanent)
        if not self.is_usable:
            self._listener.model_unavailable()

    async def _connect_websocket(self) -> None:
        """Open a stream as the role of this moment, where the deployment says.

        Pipecat's own knows AWS's address alone, and writes part of the signed one into its log.
        """
        if self._websocket and self._websocket.state is State.OPEN:
            return
        try:
            self._websocket = await self._websocket_connect(
                await self._way_in(), ping_interval=None, compression=None, open_timeout=CONNECT_SECONDS
            )
        except (OSError, WebSocketException, CredentialsError) as fault:
            self._websocket = None
            await self.push_error("Transcribe takes no stream.", exception=fault)
            return
        self._stream_seconds = self._billed_seconds = 0.0
        self._charge(TRANSCRIBE_LEAST_SECONDS)
        if self._connected_before:
            self._listener.reconnected()
        self._connected_before = True
        await self._call_event_handler("on_connected")

    async def _disconnect(self) -> None:
        """Say that the audio is over as Transcribe understands it: Pipecat sends a JSON text instead."""
        await WebsocketSTTService._disconnect(self)  # noqa: SLF001  # the one below says the wrong thing
        if self._receive_task:
            task, self._receive_task = self._receive_task, None
            await self.cancel_task(task)
        if self._websocket and self._websocket.state is State.OPEN:
            with suppress(ConnectionClosed):
                await self._websocket.send(build_event_message(b""))
        await self._disconnect_websocket()

    async def _send_keepalive(self, silence: bytes) -> None:
        pieces = round(SILENCE_AFTER_SECONDS * _BYTES_PER_SECOND / len(silence))
        if self._websocket:
            with suppress(ConnectionClosed):
                await self._websocket.send(build_event_message(silence * pieces))
                self._bill(silence * pieces)

    async def _handle_transcription(self, *_transcript: object) -> None:
        """Take note of a sentence that Transcribe has finished."""
        self._listener.caller_finished()

    async def _way_in(self) -> str:
        """Return a signed address.

        Raises:
            CredentialsError: There is nobody to sign as.
        """
        region = self._deployment.region
        origin = self._deployment.bedrock_url or f"https://transcribestreaming.{region}.amazonaws.com:{PORT}"
        question = {
            "language-code": self._deployment.language,
            "media-encoding": "pcm",
            "sample-rate": INPUT_SAMPLE_RATE,
            "enable-partial-results-stabilization": "true",
            "partial-results-stability": "high",
        }
        request = AWSRequest("GET", f"{origin}{PATH}?{urlencode(question)}")
        signer: Any = SigV4QueryAuth(
            await self._clients.credentials(), "transcribe", region, expires=WAY_IN_SECONDS
        )
        signer.add_auth(request)
        return str(request.url).replace("https://", "wss://", 1)

    def _bill(self, audio: bytes) -> None:
        self._stream_seconds += len(audio) / _BYTES_PER_SECOND
        beyond = max(0.0, self._stream_seconds - TRANSCRIBE_LEAST_SECONDS)
        self._charge(beyond - self._billed_seconds)
        self._billed_seconds = beyond

    def _charge(self, seconds: float) -> None:
        if seconds > 0:
            self._listener.used(Usage(heard_seconds=seconds))
