"""Turn text into the caller's voice, offline and on the spot."""

from scripts.calling.errors import SpeechError
from scripts.calling.utterance import MICROPHONE_HZ, Utterance
from scripts.embedded.speech import EngineError, Speech, Voice


async def spoken(text: str) -> Utterance:
    """Return *text* in a voice that is not the agent's.

    Raises:
        SpeechError: There is nothing to say, or the voice cannot be had.
    """
    if not text.strip():
        raise SpeechError("There is no text to say; pass a sentence.")
    try:
        async with Speech() as engines:
            pcm = await engines.synthesise(text, Voice.CALLER, MICROPHONE_HZ)
    except EngineError as fault:
        raise SpeechError(f"{text!r} cannot be said: {fault}") from fault
    return Utterance.checked(pcm, source=repr(text))
