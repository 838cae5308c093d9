"""The text model: Pipecat's Bedrock service with the faults mended that a caller would suffer from.

Written against pipecat-ai 1.14.0, whose requests and tool calls it keeps.
"""

import logging
from typing import Any

from pipecat.frames.frames import ErrorFrame, Frame, LLMMessagesAppendFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.processors.frameworks.rtvi.frames import RTVISendTextFrame
from pipecat.services.aws.llm import AWSBedrockLLMService, AWSBedrockLLMSettings

from runtime.brains.cascade.clients import BEDROCK, Clients, Conversing
from runtime.brains.listener import Listener
from runtime.meter import Usage
from runtime.settings.agent import RuntimeSettings

ANSWER_TOKENS = 300
"""Longest answer: more than a minute of speech, where the prompt asks for two sentences."""

TEMPERATURE = 0.3
"""Low, so that the tool's words are kept; Nova's own default is 0.7."""

ANSWERS = 2
"""How often an answer is asked for that broke off; each time botocore has tried what can be tried."""

CHARACTERS_PER_TOKEN = 4
"""English text, roughly.  Only what an interrupted answer cost is estimated by it: Bedrock tells that at the end."""

_log = logging.getLogger(__name__)


class Mind(AWSBedrockLLMService):
    """Thinks in one call."""

    def __init__(
        self, settings: RuntimeSettings, clients: Clients, listener: Listener, *, prompt: str
    ) -> None:
        super().__init__(
            aws_region=settings.region,
            settings=AWSBedrockLLMSettings(
                model=settings.model_id,
                system_instruction=prompt,
                max_tokens=ANSWER_TOKENS,
                temperature=TEMPERATURE,
            ),
        )
        self._aws_session = self  # Pipecat asks it for a client, no more
        self._aws_params = {}
        self._clients = clients
        self._listener = listener
        self._request = Conversing(clients)

    def create_client(self, **_options: object) -> Conversing:
        """Return what the next answer is asked for with."""
        self._request = Conversing(self._clients)
        return self._request

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as Pipecat's own
        """Make the client before the first answer needs it."""
        await super().setup(setup)
        await self._clients.client(BEDROCK)

    async def ask(self, text: str) -> None:
        """Give the model text to answer aloud."""
        self._listener.asked()
        message: Any = {"role": "user", "content": text}
        await self.push_frame(
            LLMMessagesAppendFrame(messages=[message], run_llm=True), FrameDirection.UPSTREAM
        )

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Measure the answer to what the caller typed, too."""
        if isinstance(frame, RTVISendTextFrame):
            self._listener.asked()
        await super().process_frame(frame, direction)

    async def push_error_frame(self, error: ErrorFrame, force_treat_as_permanent: bool = False) -> None:  # noqa: FBT001, FBT002
        """End the call, too, when the model will never answer: Pipecat goes on in silence."""
        await super().push_error_frame(error, force_treat_as_permanent)
        if not self.is_usable:
            self._listener.model_unavailable()

    async def _process_context(self, context: LLMContext) -> None:
        """Answer, and if the answer breaks off ask once more: Pipecat leaves the caller waiting."""
        if _has_result(context):
            self._listener.asked()
        for _ in range(ANSWERS):
            self._request = Conversing(self._clients)
            await super()._process_context(context)
            if self._request.fault is None or not self.is_usable:
                return
            _log.warning("An answer broke off.", extra={"fault": type(self._request.fault).__name__})
            self._listener.reconnected()
        self._listener.model_unavailable()

    async def _report_usage_metrics(
        self,
        prompt_tokens: int,
        completion_tokens: int,
        cache_read_input_tokens: int,
        cache_creation_input_tokens: int,
    ) -> None:
        asked = prompt_tokens + cache_read_input_tokens + cache_creation_input_tokens
        asked = asked or self._request.asked_characters // CHARACTERS_PER_TOKEN
        self._listener.used(Usage(text_input_tokens=asked, text_output_tokens=completion_tokens))


def _has_result(context: LLMContext) -> bool:
    messages = context.get_messages()
    last: Any = messages[-1] if messages else {}
    return isinstance(last, dict) and last.get("role") == "tool"
