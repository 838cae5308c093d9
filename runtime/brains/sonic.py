"""Nova Sonic, speech to speech: Pipecat's service with the faults mended that a caller would suffer from.

Written against pipecat-ai 1.14.0, whose connection handling this replaces and whose wire format and
conversation handling it keeps.
"""

import asyncio
import logging
import random
import time
import uuid
from collections import deque
from typing import Any, Protocol

from aws_sdk_bedrock_runtime.client import AsyncBedrockRuntimeClient
from aws_sdk_bedrock_runtime.config import Config
from aws_sdk_bedrock_runtime.models import InvokeModelWithBidirectionalStreamOperationInput
from pipecat.adapters.llm.services.aws_nova_sonic_adapter import Role
from pipecat.frames.frames import Frame, LLMServiceMetadataFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.processors.frameworks.rtvi.frames import RTVISendTextFrame
from pipecat.services.aws.nova_sonic.llm import AWSNovaSonicLLMService, AWSNovaSonicLLMSettings, ContentType
from pipecat.services.aws.nova_sonic.session_continuation import SessionContinuationParams
from smithy_core.retries import RetryStrategyOptions

from runtime.brains.credentials import StreamCredentials
from runtime.brains.hand_over import HandOver
from runtime.brains.stream import CONNECT_SECONDS, ClosableTransport, GuardedStream
from runtime.cloud import Cloud
from runtime.errors import CredentialsError, StreamLostError
from runtime.meter import Usage
from runtime.settings import RuntimeSettings

CONNECT_ATTEMPTS = 3
BACKOFF_SECONDS = 0.25
"""Before the second attempt; doubled for each further one, plus up to as much again at random."""

STABLE_SECONDS = 10.0
"""A stream that lived this long counts as a success: the next one may fail as often again."""

ANSWER_SECONDS = 5.0
"""Longest wait for any sign of life after the model was given something to answer."""

SILENCE_AFTER_SECONDS = 0.2
"""A client that mutes or stutters sends nothing; after this much of it, silence is sent in its place.

Nova Sonic ends a turn by the silence that it hears, and a stream that gets no audio for 55 s.
Source: https://docs.aws.amazon.com/nova/latest/nova2-userguide/sonic-turn-taking.html
"""
SILENCE_STEP_SECONDS = 0.1

HELD_AUDIO_FRAMES = 250
"""Audio kept back while a tool runs: 5 s of it, longer than any tool may take."""

_log = logging.getLogger(__name__)


class Listener(Protocol):
    """What the call wants to know from its model."""

    def used(self, usage: Usage) -> None:
        """The model billed tokens."""

    def asked(self) -> None:
        """The model was given text, or a tool's result, to answer."""

    def caller_finished(self) -> None:
        """The model understood something that the caller said."""

    def model_spoke(self) -> None:
        """Audio came from the model."""

    def interrupted(self) -> None:
        """The caller talked over the model."""

    def reconnected(self) -> None:
        """A further stream carries the conversation."""

    def model_unavailable(self) -> None:
        """No stream can be had; the conversation is over."""


class Sonic(AWSNovaSonicLLMService):
    """The model of one call."""

    _settings: AWSNovaSonicLLMSettings
    _stream: GuardedStream | None  # type: ignore[assignment]  # stands in for the SDK's stream

    def __init__(
        self,
        settings: RuntimeSettings,
        cloud: Cloud,
        listener: Listener,
        *,
        prompt: str,
        continuation: SessionContinuationParams | None = None,
    ) -> None:
        """Create the service; it connects when the pipeline sets it up.

        Args:
            settings: Model, voice, Region and, outside AWS, the endpoint.
            cloud: Whose credentials sign each stream.
            listener: Told at once, on the event loop.
            prompt: What the agent is told to be.
            continuation: When to change streams; Pipecat's default is six minutes.
        """
        super().__init__(
            access_key_id="",  # Pipecat insists on keys; `create_client` asks the role instead
            secret_access_key="",
            region=settings.region,
            settings=AWSNovaSonicLLMSettings(
                model=settings.model_id,
                voice=settings.voice_id,
                system_instruction=prompt,
                endpointing_sensitivity=settings.endpointing_sensitivity,
            ),
        )
        self._endpoint = settings.bedrock_url or f"https://bedrock-runtime.{settings.region}.amazonaws.com"
        self._cloud = cloud
        self._listener = listener
        self._sc: HandOver = HandOver(
            continuation or SessionContinuationParams(),
            change_streams=self._run_sc_handoff,
            sender=self,
            create_task=self.create_task,
            cancel_task=lambda task, timeout: self.cancel_task(task, timeout=timeout),
        )
        self._conversation: LLMContext | None = None
        self._failures = 0
        self._opened_at = 0.0
        self._audio_at = 0.0
        self._expected_since: float | None = None
        self._answering = False
        self._tools_running: set[str] = set()
        self._held: deque[bytes] = deque(maxlen=HELD_AUDIO_FRAMES)
        self._watch: asyncio.Task[None] | None = None

    def service_metadata_frame(self) -> LLMServiceMetadataFrame:
        """Say that this model takes the turns; Pipecat's own also warns, in every call, what that means."""
        return LLMServiceMetadataFrame(service_name=self.name, is_realtime_service=True)

    async def ask(self, text: str) -> None:
        """Give the model text to answer aloud."""
        self._listener.asked()
        await self._send_text_event(text=text, role=Role.USER, interactive=True)

    # Streams: opening, losing and leaving them

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as Pipecat's own
        """Connect, and watch for either end falling silent altogether."""
        await super().setup(setup)
        self._watch = self.create_task(self._watch_both_ends())

    async def cleanup(self) -> None:
        """Leave nothing behind."""
        if self._watch:
            watch, self._watch = self._watch, None
            await self.cancel_task(watch)
        await super().cleanup()

    def create_client(self) -> AsyncBedrockRuntimeClient:
        """Return a client for one stream, signing with the role's credentials of this moment."""
        return AsyncBedrockRuntimeClient(
            config=Config(
                endpoint_uri=self._endpoint,
                region=self._region,
                aws_credentials_identity_resolver=StreamCredentials(self._cloud),
                # The SDK's own retry would hand back a stream that nothing writes to.
                retry_strategy=RetryStrategyOptions(max_attempts=1),
                transport=ClosableTransport(),
            )
        )

    async def open_stream(self, client: AsyncBedrockRuntimeClient) -> GuardedStream:
        """Open a stream on a client of its own.

        Raises:
            StreamLostError: Not within a few seconds.
            CredentialsError: There is nobody to open it as.
        """
        config = client._config  # noqa: SLF001
        # Asked here because the SDK waits for ever when its own question for credentials fails.
        await config.aws_credentials_identity_resolver.get_identity(properties={})
        model = InvokeModelWithBidirectionalStreamOperationInput(model_id=str(self._settings.model))
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                stream = await client.invoke_model_with_bidirectional_stream(model)
        except TimeoutError as fault:
            raise StreamLostError(f"No stream to the model within {CONNECT_SECONDS:g} s.") from fault
        return GuardedStream(stream, config.transport)

    async def _start_connecting(self) -> None:
        if self._client:
            return
        self._prompt_name = str(uuid.uuid4())
        self._input_audio_content_name = str(uuid.uuid4())
        self._client = self.create_client()
        self._opened_at = time.monotonic()
        try:
            self._stream = await self.open_stream(self._client)
        except (StreamLostError, CredentialsError) as fault:
            self._lost(fault)
            return
        await self._send_session_start_event()
        self._ready_to_send_context = True
        await self._finish_connecting_if_context_available()

    async def _receive_task_handler(self, stream: GuardedStream) -> None:  # type: ignore[override]
        try:
            async for event in stream.events():
                if stream is not self._stream:
                    return  # handed over: this stream's last words are not for the caller
                self._expected_since = None
                await self._dispatch(event)
        except StreamLostError as fault:
            if stream is self._stream and self._wants_connection and not self._disconnecting:
                self._lost(fault)

    async def _dispatch(self, event: dict[str, Any]) -> None:
        for name, handle in self._handlers.items():
            if name in event:
                try:
                    await handle(event)
                except (KeyError, TypeError, ValueError) as fault:
                    # Pipecat would stop listening, and say nothing, while the call goes on.
                    raise StreamLostError(f"The model sent a {name} that cannot be read.") from fault

    @property
    def _handlers(self) -> dict[str, Any]:
        return {
            "audioOutput": self._handle_audio_output_event,
            "textOutput": self._handle_text_output_event,
            "contentStart": self._handle_content_start_event,
            "contentEnd": self._handle_content_end_event,
            "toolUse": self._handle_tool_use_event,
            "usageEvent": self._handle_usage_event,
            "completionStart": self._handle_completion_start_event,
            "completionEnd": self._handle_completion_end_event,
        }

    def _lost(self, fault: StreamLostError | CredentialsError) -> None:
        self._expected_since = None
        if time.monotonic() - self._opened_at >= STABLE_SECONDS:
            self._failures = 0
        self._failures += 1
        _log.warning(
            "A stream to the model was lost.", extra={"fault": str(fault), "failures": self._failures}
        )
        self.create_task(self._come_back(), name="come_back")

    async def _come_back(self) -> None:
        unavailable = True
        try:
            await self._disconnect()
            if self._failures < CONNECT_ATTEMPTS:
                backoff = BACKOFF_SECONDS * 2 ** (self._failures - 1)
                await asyncio.sleep(backoff + random.uniform(0, backoff))  # noqa: S311  # jitter, no secret
                if self._wants_connection:
                    self._listener.reconnected()
                    await self.reset_conversation()
                unavailable = False
        finally:  # also after a fault that nobody foresaw: a caller must not be left in silence
            if unavailable:
                self._wants_connection = False
                self._listener.model_unavailable()

    async def reset_conversation(self) -> None:
        """Carry the conversation on over a fresh stream."""
        await self._disconnect()
        await self._start_connecting()
        if self._conversation and not self._context:
            await self._handle_context(self._conversation)

    async def _handle_context(self, context: LLMContext) -> None:
        self._conversation = context  # kept over a lost stream, also one that never began
        await super()._handle_context(context)

    async def _disconnect(self) -> None:
        """Leave the stream within half a second, and never half.

        Pipecat's own sleeps a second, twice per call, and stays in `_disconnecting` if the stream failed.
        """
        self._disconnecting = True
        try:
            await self._end_response()
            await self._send_session_end_events()
            stream, reader = self._stream, self._receive_task
            self._forget_stream()
            if stream:
                await stream.close()
            if reader and reader is not asyncio.current_task():
                await self.cancel_task(reader, timeout=1.0)
            await self._sc.stop_monitor()
            await self._sc.cleanup_next_session()
            self._sc.set_disconnected()
        finally:
            self._disconnecting = False

    async def _end_response(self) -> None:
        if self._assistant_is_responding:
            self._assistant_is_responding = False
            await self._report_assistant_response_ended()

    def _forget_stream(self) -> None:
        self._client = self._stream = self._receive_task = self._context = None
        self._prompt_name = self._input_audio_content_name = None
        self._content_being_received = self._connected_time = self._pending_speculative_text = None
        self._ready_to_send_context = self._audio_input_started = False
        self._triggering_assistant_response = self._waiting_for_trigger_transcription = False
        self._user_text_buffer = ""
        self._completed_tool_calls = set()
        self._expected_since = None
        self._tools_running.clear()
        self._held.clear()

    async def _run_sc_handoff(self) -> None:
        old = (self._client, self._stream, self._receive_task, self._prompt_name)
        old_audio = self._input_audio_content_name
        fresh = await self._sc.promote()
        if fresh is None:
            return
        self._client, self._stream = fresh.client, fresh.stream
        self._prompt_name = fresh.prompt_name
        self._input_audio_content_name = fresh.input_audio_content_name
        self._connected_time = time.time()
        self._opened_at = time.monotonic()
        self._audio_input_started = True
        self._receive_task = self.create_task(self._receive_task_handler(fresh.stream))
        self._sc.set_connected(self._connected_time)
        self._listener.reconnected()
        self.create_task(self._sc.close_old_session(*old, old_audio), name="close_old_stream")

    # The caller's side

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer what the caller typed, too: Pipecat only adds it to the context."""
        await super().process_frame(frame, direction)
        if isinstance(frame, RTVISendTextFrame):
            await self.ask(frame.text)

    async def _send_text_event(self, text: str, role: Role, interactive: bool = False) -> None:  # noqa: FBT001, FBT002
        if interactive:
            self._expected_since = time.monotonic()
        await super()._send_text_event(text, role, interactive)

    async def _send_user_audio_event(self, audio: bytes) -> None:
        self._audio_at = time.monotonic()
        if self._tools_running:
            # Nova 2.5 Sonic ends a stream that gets audio while it waits for the result of a tool.
            self._held.append(audio)
            return
        await super()._send_user_audio_event(audio)

    async def _watch_both_ends(self) -> None:
        while True:
            await asyncio.sleep(SILENCE_STEP_SECONDS)
            now = time.monotonic()
            if now - self._audio_at >= SILENCE_AFTER_SECONDS:
                await self._send_silence()
            if self._expected_since and now - self._expected_since >= ANSWER_SECONDS:
                self._lost(StreamLostError(f"The model has been silent for {ANSWER_SECONDS:g} s."))

    async def _send_silence(self) -> None:
        if self._sc.handoff_in_progress or self._tools_running:
            return
        silence = bytes(int(SILENCE_STEP_SECONDS * self._audio_config.input_sample_rate) * 2)
        self._sc.on_audio_input(silence)
        await super()._send_user_audio_event(silence)

    # The model's side

    async def _handle_usage_event(self, event_json: dict[str, Any]) -> None:
        self._listener.used(Usage.from_event(event_json["usageEvent"]))

    async def _handle_audio_output_event(self, event_json: dict[str, Any]) -> None:
        self._answering = True
        self._listener.model_spoke()
        await super()._handle_audio_output_event(event_json)

    async def _handle_content_end_event(self, event_json: dict[str, Any]) -> None:
        content = self._content_being_received
        if content and content.type is ContentType.TEXT and content.role is Role.USER:
            self._listener.caller_finished()
        if event_json["contentEnd"].get("stopReason") == "INTERRUPTED" and self._answering:
            self._answering = False  # told once, though both the audio and the text of an answer say so
            self._listener.interrupted()
        await super()._handle_content_end_event(event_json)

    async def _handle_tool_use_event(self, event_json: dict[str, Any]) -> None:
        self._tools_running.add(event_json["toolUse"]["toolUseId"])
        await super()._handle_tool_use_event(event_json)

    async def _send_tool_result(self, tool_call_id: str, result: Any) -> None:
        self._listener.asked()
        self._expected_since = time.monotonic()
        await super()._send_tool_result(tool_call_id, result)
        self._tools_running.discard(tool_call_id)
        while self._held and not self._tools_running:
            await super()._send_user_audio_event(self._held.popleft())
