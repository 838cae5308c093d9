"""Nova Sonic, speech to speech: Pipecat's service with the faults mended that a caller would suffer from.

Written against pipecat-ai 1.14.0, whose wire format and conversation handling it keeps.
"""

import asyncio
import time
from collections import deque
from typing import Any

from pipecat.adapters.llm.services.aws_nova_sonic_adapter import Role
from pipecat.frames.frames import Frame, LLMServiceMetadataFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.processors.frameworks.rtvi.frames import RTVISendTextFrame
from pipecat.services.aws.nova_sonic.llm import ContentType
from pipecat.services.aws.nova_sonic.session_continuation import SessionContinuationParams

from runtime.brains.listener import Listener
from runtime.brains.owed import ANSWER_SECONDS, Owed
from runtime.brains.sonic_connection import SonicConnection
from runtime.cloud import Cloud
from runtime.errors import CredentialsError, StreamLostError
from runtime.meter import Usage
from runtime.settings.agent import RuntimeSettings
from runtime.tools.tool import LONGEST_DEADLINE_SECONDS

SILENCE_AFTER_SECONDS = 0.2
"""A client that mutes or stutters sends nothing; after this much of it, silence is sent in its place.

Nova Sonic ends a turn by the silence that it hears, and a stream that gets no audio for 55 s.
Source: https://docs.aws.amazon.com/nova/latest/nova2-userguide/sonic-turn-taking.html
"""
SILENCE_STEP_SECONDS = 0.1

HELD_AUDIO_FRAMES = round(LONGEST_DEADLINE_SECONDS / 0.02)
"""Audio kept back while a tool runs, in frames of 20 ms: as long as any tool may take."""


class Sonic(SonicConnection):
    """The model of one call."""

    def __init__(
        self,
        settings: RuntimeSettings,
        cloud: Cloud,
        listener: Listener,
        *,
        prompt: str,
        continuation: SessionContinuationParams | None = None,
    ) -> None:
        """Create the service; `SonicConnection` says what each argument is."""
        super().__init__(settings, cloud, listener, prompt=prompt, continuation=continuation)
        self._conversation: LLMContext | None = None
        self._audio_at = 0.0
        self._owed = Owed()
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

    # The conversation, whatever stream carries it

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

    async def reset_conversation(self) -> None:
        """Carry the conversation on over a fresh stream."""
        await self._disconnect()
        await self._start_connecting()
        if self._conversation and not self._context:
            await self._handle_context(self._conversation)
        await self._ask_again()

    async def _ask_again(self) -> None:
        """Give a fresh stream what the lost one had heard and not answered: the caller waits for it.

        Pipecat does so itself with words that have come into the context by now; those of a turn come there
        when its answer begins.
        """
        if self._owed.words and self._receive_task and not self._owed.is_asked:
            await self.ask(self._owed.words)

    async def _handle_context(self, context: LLMContext) -> None:
        self._conversation = context  # kept over a lost stream, also one that never began
        await super()._handle_context(context)

    def _lost(self, fault: StreamLostError | CredentialsError) -> None:
        self._owed.sign_of_life()
        super()._lost(fault)

    def _forget_stream(self) -> None:
        super()._forget_stream()
        self._owed.sign_of_life()
        self._tools_running.clear()
        self._held.clear()

    # The caller's side

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer what the caller typed, too: Pipecat only adds it to the context."""
        await super().process_frame(frame, direction)
        if isinstance(frame, RTVISendTextFrame):
            await self.ask(frame.text)

    async def _send_text_event(self, text: str, role: Role, interactive: bool = False) -> None:  # noqa: FBT001, FBT002
        if interactive:
            self._owed.given()
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
            if self._owed.wait(SILENCE_STEP_SECONDS, silent_seconds=self._listener.silent):
                self._lost(StreamLostError(f"The model has been silent for {ANSWER_SECONDS:g} s."))

    async def _send_silence(self) -> None:
        if self._sc.handoff_in_progress or self._tools_running:
            return
        silence = bytes(int(SILENCE_STEP_SECONDS * self._audio_config.input_sample_rate) * 2)
        self._sc.on_audio_input(silence)
        await super()._send_user_audio_event(silence)

    # The model's side

    async def _dispatch(self, event: dict[str, Any]) -> None:
        self._owed.sign_of_life()
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

    async def _handle_usage_event(self, event_json: dict[str, Any]) -> None:
        self._listener.used(Usage.from_event(event_json["usageEvent"]))

    async def _handle_audio_output_event(self, event_json: dict[str, Any]) -> None:
        self._answering = True
        self._owed.answered()
        self._listener.model_spoke()
        await super()._handle_audio_output_event(event_json)

    async def _handle_content_end_event(self, event_json: dict[str, Any]) -> None:
        content = self._content_being_received
        if content and content.type is ContentType.TEXT and content.role is Role.USER:
            self._owed.heard(content.text_content or "")
            self._listener.caller_finished()
        if event_json["contentEnd"].get("stopReason") == "INTERRUPTED" and self._answering:
            self._answering = False  # told once, though both the audio and the text of an answer say so
            self._listener.interrupted()
        await super()._handle_content_end_event(event_json)

    # Tools

    async def _handle_tool_use_event(self, event_json: dict[str, Any]) -> None:
        self._tools_running.add(event_json["toolUse"]["toolUseId"])
        await super()._handle_tool_use_event(event_json)

    async def _send_tool_result(self, tool_call_id: str, result: Any) -> None:
        self._listener.asked()
        self._owed.given()
        await super()._send_tool_result(tool_call_id, result)
        self._tools_running.discard(tool_call_id)
        while self._held and not self._tools_running:
            await super()._send_user_audio_event(self._held.popleft())
