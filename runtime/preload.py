"""Imports what a call needs while the agent already answers, in the order in which a call needs it."""

import asyncio
import gc
import importlib
import sys

from runtime import no_files
from runtime.errors import AgentBrokenError
from runtime.generated_code import compiled_ahead
from runtime.logs import redirect_pipecat
from runtime.settings.brains import CASCADE, SONIC

# Pipecat and the Bedrock SDK come with the call and its brain; nothing else is worth importing early.
CALL = ("runtime.call", "runtime.transports.websocket")


class Preload:
    """The imports, under way in a thread of their own."""

    def __init__(self, brain: str = SONIC) -> None:
        self._brain = brain
        self._work: asyncio.Task[None] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether everything is imported."""
        work = self._work
        return work is not None and work.done() and not work.cancelled() and work.exception() is None

    def start(self) -> asyncio.Task[None]:
        """Begin, once; the task ends when everything is imported, or fails as an import does."""
        if self._work is None:
            self._work = asyncio.create_task(self._import())
        return self._work

    async def ready(self) -> None:
        """Wait until everything is imported.

        Raises:
            AgentBrokenError: It never will be.
        """
        work = self.start()
        await asyncio.wait({work})
        if work.cancelled() or work.exception():
            raise AgentBrokenError

    async def _import(self) -> None:
        await asyncio.to_thread(_import_everything, self._brain)


def import_call(brain: str = SONIC) -> None:
    """Import what a call with *brain* needs, and nothing around it."""
    for name in CALL:
        importlib.import_module(name)
    importlib.import_module(importlib.import_module("runtime.brains.brain").MODULES[brain])


def _import_everything(brain: str = SONIC) -> None:
    gc.disable()  # the collector would walk every object that imports create, again and again
    redirect_pipecat()
    sys.modules["pipecat.utils.file_resolver"] = no_files
    # botocore takes pyOpenSSL's import for a wish to use it, and falls back: 9 MB for nothing.
    sys.modules["urllib3.contrib.pyopenssl"] = None  # type: ignore[assignment]
    with compiled_ahead():
        # First, so that the imports get the memory that reading it takes: 6 MB less at the peak.
        cloud = importlib.import_module("runtime.cloud")
        cloud.load_service_data()
        if brain == CASCADE:
            cloud.load_more_service_data("bedrock-runtime", "polly")
        import_call(brain)
    gc.freeze()  # what is imported stays, so nothing need look at it ever again
    gc.enable()
