"""Offline speech for the demo's domain: a recogniser and two voices, no network and no account.

Both engines may be replaced by any that follow the protocols in `engines`.
"""

from scripts.embedded.speech.engines import EngineError, Recogniser, Synthesiser, Voice
from scripts.embedded.speech.grammars import Grammar
from scripts.embedded.speech.speech import Speech
from scripts.embedded.speech.words import digits_in, spell

__all__ = [
    "EngineError",
    "Grammar",
    "Recogniser",
    "Speech",
    "Synthesiser",
    "Voice",
    "digits_in",
    "spell",
]
