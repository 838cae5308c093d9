"""The recogniser of the embedded cloud: pocketsphinx with a grammar, and a check that it was that.

A grammar always finds *something* in what it hears.  A second decoder, free to explain the same sound
by any phones, tells how far-fetched it was.
"""

import math
from pathlib import Path
from typing import Any

import pocketsphinx
from pocketsphinx import Decoder

from scripts.embedded.speech.engines import Synthesiser
from scripts.embedded.speech.grammars import JSGF, Grammar
from scripts.embedded.speech.resampling import resample
from scripts.embedded.speech.telephone import UpperBand, is_from_telephone

SAMPLE_RATE = 16_000  # what the acoustic model was trained on
FRAMES_PER_SECOND = 100
# Silence around an utterance, without which its first and last sounds are lost.
PADDING = bytes(2 * SAMPLE_RATE * 3 // 10)
# Measured with `python -m scripts.benchmarks.speech`; the default of 0.65 finds digits that
# nobody said.
WORD_INSERTION_PENALTY = 0.01
# How much worse per frame (logarithm, hundredths) the grammar may explain the sound than free phones
# do.  Sentences of the grammar measured -0.26 at worst, strange ones -0.40 to -0.02: this rejects noise
# and the most far-fetched, and the agent's habit of reading the number back catches the rest.
FAR_FETCHED = -0.27
BACKGROUND_BEAM = 1e-20

_SHORT_FORMS = {"it's": "it is", "that's": "that is", "what's": "what is"}


class SphinxRecogniser:
    """Hears one grammar at a time."""

    def __init__(self) -> None:
        self._upper_band: UpperBand | None = None
        model = Path(pocketsphinx.get_model_path("en-us"))
        common = {"samprate": SAMPLE_RATE, "loglevel": "FATAL", "lm": None}
        self._decoder = Decoder(**common, wip=WORD_INSERTION_PENALTY)
        for grammar in Grammar:
            self._decoder.add_jsgf_string(grammar.value, JSGF[grammar])
        self._background = Decoder(
            **common,
            dict=None,
            allphone=str(model / "en-us-phone.lm.bin"),
            beam=BACKGROUND_BEAM,
            pbeam=BACKGROUND_BEAM,
        )

    def meet(self, synthesiser: Synthesiser) -> None:
        """Understand this synthesiser's voices over a telephone, too."""
        self._upper_band = UpperBand(synthesiser)

    def recognise(self, pcm: bytes, sample_rate: int, grammar: Grammar) -> str:
        """Return the sentence of *grammar* that was said, or nothing."""
        heard = resample(pcm, sample_rate, SAMPLE_RATE)
        if self._upper_band and is_from_telephone(heard):
            heard = self._upper_band.restore(heard)
        sound = PADDING + heard + PADDING
        self._decoder.activate_search(grammar.value)
        words, score = _decode(self._decoder, sound)
        # A sentence cut short is what is left when no whole one fits.
        if not words or not self._decoder.get_fsg(grammar.value).accept(words):
            return ""
        if score - _decode(self._background, sound)[1] < FAR_FETCHED:
            return ""
        return " ".join(_SHORT_FORMS.get(word, word) for word in words.split())


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
