"""Nova Sonic as the brain of a call: hearing, thinking and speaking are one service."""

from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.turns.user_start import ExternalUserTurnStartStrategy
from pipecat.turns.user_stop import ExternalUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from runtime.brains.brain import CallTool
from runtime.brains.listener import Listener
from runtime.brains.sonic import Sonic
from runtime.cloud import Cloud
from runtime.settings.agent import RuntimeSettings


class SonicBrain:
    """The brain of one call."""

    def __init__(self, sonic: Sonic) -> None:
        self._sonic = sonic

    @property
    def hearing(self) -> list[FrameProcessor]:
        """Return nothing: the model hears."""
        return []

    @property
    def answering(self) -> list[FrameProcessor]:
        """Return the model."""
        return [self._sonic]

    def turns(self) -> LLMUserAggregatorParams:
        """Leave the turns to the model; Pipecat's default would load a 46 MB model to take them again."""
        stop = ExternalUserTurnStopStrategy(wait_for_transcript=False)
        turns = UserTurnStrategies(start=[ExternalUserTurnStartStrategy()], stop=[stop])
        return LLMUserAggregatorParams(user_turn_strategies=turns)

    def use_tools(self, call_tool: CallTool) -> None:
        """Have *call_tool* run whatever tool the model asks for."""
        self._sonic.register_function(None, call_tool, cancel_on_interruption=False)

    async def ask(self, text: str) -> None:
        """Give the model text to answer aloud."""
        await self._sonic.ask(text)


def make(settings: RuntimeSettings, cloud: Cloud, listener: Listener, *, prompt: str) -> SonicBrain:
    """Return the brain of one call."""
    return SonicBrain(Sonic(settings, cloud, listener, prompt=prompt))
