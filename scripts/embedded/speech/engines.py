"""What an engine for hearing or speaking must do; any other may stand in for ours.

Name yours as `package.module:factory`; the factory is called without arguments in the speech process.
"""

import importlib
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from scripts.embedded.speech.grammars import Grammar


class EngineError(Exception):
    """An engine cannot be loaded or used; nothing is heard or said until that is mended."""


class Voice(StrEnum):
    """Whose voice: the two ends of a call must not sound alike."""

    AGENT = "agent"
    CALLER = "caller"


class Recogniser(Protocol):
    """Turns speech into words."""

    def recognise(self, pcm: bytes, sample_rate: int, grammar: Grammar) -> str:
        """Return what was said in lower case, digits as words, or nothing if it was not understood.

        *pcm* is 16-bit mono; *grammar* says what may be expected, and may be ignored.
        """


class Synthesiser(Protocol):
    """Turns words into speech."""

    def synthesise(self, text: str, voice: Voice, sample_rate: int) -> bytes:
        """Return *text* spoken, 16-bit mono at *sample_rate*."""


@runtime_checkable
class Acquaintance(Protocol):
    """A recogniser that understands voices better which it has met."""

    def meet(self, synthesiser: Synthesiser) -> None:
        """Take note of whose voices will be heard."""


OWN_RECOGNISER = "scripts.embedded.speech.sphinx:SphinxRecogniser"
OWN_SYNTHESISER = "scripts.embedded.speech.espeak:EspeakSynthesiser"


def load(name: str) -> Any:
    """Make the engine that *name* (`package.module:factory`) stands for.

    Raises:
        EngineError: There is no such module or factory.
    """
    module, _, factory = name.partition(":")
    try:
        return getattr(importlib.import_module(module), factory)()
    except (ImportError, AttributeError, ValueError) as fault:
        raise EngineError(f"The speech engine {name!r} cannot be loaded: {fault}.") from fault
