"""Keeps Nova Sonic connected for as long as a call lasts: streams opened, lost, replaced and left.

Written against pipecat-ai 1.14.0, whose connection handling this replaces.
"""

import asyncio
import logging
import time
import uuid
from abc import abstractmethod
from typing import Any

from aws_sdk_bedrock_runtime.client import AsyncBedrockRuntimeClient
from pipecat.services.aws.nova_sonic.llm import AWSNovaSonicLLMService, AWSNovaSonicLLMSettings
from pipecat.services.aws.nova_sonic.session_continuation import SessionContinuationParams

from runtime.brains.attempts import Attempts
from runtime.brains.dialling import client_for_one_stream, dial
from runtime.brains.hand_over import HandOver
from runtime.brains.listener import Listener
from runtime.brains.stream import GuardedStream
from runtime.cloud import Cloud
from runtime.errors import CredentialsError, StreamLostError
from runtime.settings.agent import RuntimeSettings

_log = logging.getLogger(__name__)


class SonicConnection(AWSNovaSonicLLMService):
    """Pipecat's service, on streams that can be lost without losing the call."""

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
            listener: Who holds the call.
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
        self._deployment = settings
        self._cloud = cloud
        self._listener = listener
        self._sc: HandOver = HandOver(
            continuation or SessionContinuationParams(),
            change_streams=self._run_sc_handoff,
            sender=self,
            create_task=self.create_task,
            cancel_task=lambda task, timeout: self.cancel_task(task, timeout=timeout),
        )
        self._attempts = Attempts()

    # Opening

    def create_client(self) -> AsyncBedrockRuntimeClient:
        """Return a client for one stream; the hand-over asks for one, too."""
        return client_for_one_stream(self._deployment, self._cloud)

    async def open_stream(self, client: AsyncBedrockRuntimeClient) -> GuardedStream:
        """Open a stream; the hand-over does, too.

        Raises:
            StreamLostError: Not within a few seconds.
            CredentialsError: There is nobody to open it as.
        """
        return await dial(client, self._deployment.model_id)

    async def _start_connecting(self) -> None:
        if self._client:
            return
        self._prompt_name = str(uuid.uuid4())
        self._input_audio_content_name = str(uuid.uuid4())
        self._client = self.create_client()
        self._attempts.begin()
        try:
            self._stream = await self.open_stream(self._client)
        except (StreamLostError, CredentialsError) as fault:
            self._lost(fault)
            return
        await self._send_session_start_event()
        self._ready_to_send_context = True
        await self._finish_connecting_if_context_available()

    # Losing

    async def _receive_task_handler(self, stream: GuardedStream) -> None:  # type: ignore[override]
        try:
            async for event in stream.events():
                if stream is not self._stream:
                    return  # handed over: this stream's last words are not for the caller
                await self._dispatch(event)
        except StreamLostError as fault:
            if stream is self._stream and self._wants_connection and not self._disconnecting:
                self._lost(fault)

    @abstractmethod
    async def _dispatch(self, event: dict[str, Any]) -> None:
        """Act on what the model sent; StreamLostError if it cannot be read."""

    def _lost(self, fault: StreamLostError | CredentialsError) -> None:
        self._attempts.fail()
        _log.warning(
            "A stream to the model was lost.", extra={"fault": str(fault), "failures": self._attempts.failed}
        )
        self.create_task(self._come_back(), name="come_back")

    async def _come_back(self) -> None:
        unavailable = True
        try:
            await self._disconnect()
            if not self._attempts.exhausted:
                await asyncio.sleep(self._attempts.backoff_seconds())
                if self._wants_connection:
                    self._listener.reconnected()
                    await self.reset_conversation()
                unavailable = False
        finally:  # also after a fault that nobody foresaw: a caller must not be left in silence
            if unavailable:
                self._wants_connection = False
                self._listener.model_unavailable()

    # Leaving

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
        self._completed_tool_calls = set()

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
        self._attempts.begin()
        self._audio_input_started = True
        self._receive_task = self.create_task(self._receive_task_handler(fresh.stream))
        self._sc.set_connected(self._connected_time)
        self._listener.reconnected()
        self.create_task(self._sc.close_old_session(*old, old_audio), name="close_old_stream")
