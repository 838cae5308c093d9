"""The three as one brain."""

from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from runtime.brains.brain import CallTool
from runtime.brains.cascade.clients import Clients
from runtime.brains.cascade.ears import Ears
from runtime.brains.cascade.mind import Mind
from runtime.brains.cascade.voice import Voice
from runtime.brains.listener import Listener
from runtime.cloud import Cloud
from runtime.settings.agent import RuntimeSettings


class Cascade:
    """The brain of one call."""

    def __init__(self, settings: RuntimeSettings, listener: Listener, *, prompt: str) -> None:
        clients = Clients(settings)
        self._pause_seconds = settings.pause_seconds
        self._ears = Ears(settings, clients, listener)
        self._mind = Mind(settings, clients, listener, prompt=prompt)
        self._voice = Voice(settings, clients, listener)

    @property
    def hearing(self) -> list[FrameProcessor]:
        """Return what turns the caller's audio into words."""
        return [self._ears]

    @property
    def answering(self) -> list[FrameProcessor]:
        """Return what makes speech of the context."""
        return [self._mind, self._voice]

    def turns(self) -> LLMUserAggregatorParams:
        """Let Transcribe say when a turn begins and ends: it knows words from noise, and needs no model of ours."""
        stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=self._pause_seconds)
        turns = UserTurnStrategies(start=[TranscriptionUserTurnStartStrategy()], stop=[stop])
        return LLMUserAggregatorParams(user_turn_strategies=turns)

    def use_tools(self, call_tool: CallTool) -> None:
        """Have *call_tool* run whatever tool the model asks for."""
        self._mind.register_function(None, call_tool)

    async def ask(self, text: str) -> None:
        """Give the model text to answer aloud."""
        await self._mind.ask(text)


def make(settings: RuntimeSettings, cloud: Cloud, listener: Listener, *, prompt: str) -> Cascade:  # noqa: ARG001
    """Return the brain of one call; the cascade has a way to AWS of its own, which never blocks."""
    return Cascade(settings, listener, prompt=prompt)
