"""The recogniser of the embedded cloud: pocketsphinx with a grammar, and a check that it was that.

A grammar always finds *something* in what it hears.  A second decoder, free to explain the same sound
by any phones, tells how far-fetched it was.
"""

import math
import tempfile
from pathlib import Path
from typing import Any

import pocketsphinx
from pocketsphinx import Decoder

from scripts.embedded.speech.grammars import JSGF, Grammar
from scripts.embedded.speech.resampling import resample

SAMPLE_RATE = 16_000  # what the acoustic model was trained on
FRAMES_PER_SECOND = 100
# Silence around an utterance, without which its first and last sounds are lost.
PADDING = bytes(2 * SAMPLE_RATE * 3 // 10)
# Measured with `python -m scripts.embedded.speech.measure`; the default of 0.65 finds digits that
# nobody said.
WORD_INSERTION_PENALTY = 0.01
# How much worse per frame (logarithm, hundredths) the grammar may explain the sound than free phones
# do: sentences of the grammar measured -0.28 at worst, others -0.42 to -0.20.
FAR_FETCHED = -0.29
BACKGROUND_BEAM = 1e-20

_SHORT_FORMS = {"it's": "it is", "that's": "that is", "what's": "what is"}


class SphinxRecogniser:
    """Hears one grammar at a time; a grammar's decoder is made when it is first needed."""

    def __init__(self) -> None:
        self._decoders: dict[Grammar, Any] = {}
        model = Path(pocketsphinx.get_model_path("en-us"))
        self._background = Decoder(
            samprate=SAMPLE_RATE,
            loglevel="FATAL",
            lm=None,
            dict=None,
            allphone=str(model / "en-us-phone.lm.bin"),
            beam=BACKGROUND_BEAM,
            pbeam=BACKGROUND_BEAM,
        )

    def recognise(self, pcm: bytes, sample_rate: int, grammar: Grammar) -> str:
        """Return the sentence of *grammar* that was said, or nothing."""
        sound = PADDING + resample(pcm, sample_rate, SAMPLE_RATE) + PADDING
        words, score = _decode(self._decoder(grammar), sound)
        if not words or score - _decode(self._background, sound)[1] < FAR_FETCHED:
            return ""
        return " ".join(_SHORT_FORMS.get(word, word) for word in words.split())

    def _decoder(self, grammar: Grammar) -> Any:
        if grammar not in self._decoders:
            with tempfile.NamedTemporaryFile("w", suffix=".jsgf") as file:
                file.write(JSGF[grammar])
                file.flush()
                self._decoders[grammar] = Decoder(
                    samprate=SAMPLE_RATE,
                    loglevel="FATAL",
                    lm=None,
                    jsgf=file.name,
                    wip=WORD_INSERTION_PENALTY,
                )
        return self._decoders[grammar]


def _decode(decoder: Any, sound: bytes) -> tuple[str, float]:
    """Return what *decoder* heard, and how well it fits per frame; words are empty if nothing fits."""
    decoder.start_utt()
    decoder.process_raw(sound, no_search=False, full_utt=True)
    decoder.end_utt()
    heard = decoder.hyp()
    if heard is None or heard.best_score <= 0:
        return "", -math.inf
    frames = len(sound) / 2 / SAMPLE_RATE * FRAMES_PER_SECOND
    return heard.hypstr, math.log(heard.best_score) / frames * 100
