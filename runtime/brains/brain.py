"""What a call needs of whatever thinks in it."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, Protocol

from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import FunctionCallParams

from runtime.brains.listener import Listener
from runtime.cloud import Cloud
from runtime.settings.agent import RuntimeSettings
from runtime.settings.brains import CASCADE, SONIC

type CallTool = Callable[[FunctionCallParams], Awaitable[None]]

MODULES = {SONIC: "runtime.brains.sonic_brain", CASCADE: "runtime.brains.cascade"}
"""Where each brain is; a call imports only its own, and the preload has done so before."""


class Brain(Protocol):
    """The brain of one call."""

    @property
    def hearing(self) -> list[FrameProcessor]:
        """Return what turns the caller's audio into words, ahead of the context; nothing where the model hears."""

    @property
    def answering(self) -> list[FrameProcessor]:
        """Return what makes speech of the context."""

    def turns(self) -> LLMUserAggregatorParams:
        """Say who decides when the caller's turn begins and ends."""

    def use_tools(self, call_tool: CallTool) -> None:
        """Have *call_tool* run whatever tool the model asks for."""

    async def ask(self, text: str) -> None:
        """Give the model text to answer aloud."""


def make_brain(settings: RuntimeSettings, cloud: Cloud, listener: Listener, *, prompt: str) -> Brain:
    """Return the brain that *settings* name, told by *prompt* what to be and reporting to *listener*."""
    module: Any = import_module(MODULES[settings.brain_kind])
    brain: Brain = module.make(settings, cloud, listener, prompt=prompt)
    return brain
