"""Speech from a telephone, for a recogniser that was trained on more than a telephone carries.

The acoustic model listens up to 6.8 kHz, a telephone carries 3.4.  Of 20 answers of the agent's voice the
recogniser understands all at its full width, 19 of what is below 4.5 kHz, 7 below 4.0 and 5 below 3.6; neither the
filters nor the mu-law take anything more.  What is gone is the hiss of "six", which it then takes for an "eight".

So the band above is made up: for every moment, as it is in the moments of the offline voices' own speech that are
most like it below.  That is bandwidth extension by a codebook.  It helps whoever sounds like those voices.
"""

import itertools
from collections.abc import Iterator

import numpy as np

from scripts.embedded.speech.engines import Synthesiser, Voice
from scripts.embedded.speech.grammars import STATUS_PHRASES
from scripts.embedded.speech.words import spell

SAMPLE_RATE = 16_000

WINDOW, HOP = 512, 160
"""Samples: 32 ms, every 10 ms, as the recogniser's own front end does."""

BELOW = (150, 300, 450, 600, 800, 1000, 1250, 1500, 1800, 2100, 2400, 2700, 3000, 3300)
"""Edges in Hz of the bands that a telephone carries."""

ABOVE = (3300, 3700, 4200, 4800, 5500, 6200, 6900)
"""Edges in Hz of the bands that it does not, up to where the acoustic model stops to listen (6800)."""

GONE_HZ = 4200
"""From here on no telephone's filter lets anything through."""

GONE_SHARE = 1e-5
"""Of all energy (-50 dB), that is above it where nothing was cut off.  Sentences of the two voices measured -46 dB at
least, and -57 dB at most over a telephone; a lone "no" has nothing there to lose."""

ALIKE = 6
"""Moments that are averaged."""

QUIET = 1e3
"""Energy that counts as none, in the square of 16-bit samples: logarithms of nothing lead nowhere."""

_TAPER = np.hanning(WINDOW + 1)[:WINDOW]
_HZ = SAMPLE_RATE / WINDOW

# What the two voices are met with: each digit after and before others, and every phrase of the agent's.
_NUMBERS = ("80941", "27365", "66308", "19572", "40328", "75164", "93817", "50246")
_CALLERS = ("where is my order can you check please it is tell me about", "i would like to speak to a person")
_AGENTS = (
    "hello i can tell you the status of an order please tell me your order number",
    "sorry i did not catch that please say your order number one digit at a time",
    "i could not find order you are welcome is there anything else thank you for calling goodbye",
    "i cannot look that up right now please try again in a moment a person will call you back",
)


def is_from_telephone(pcm: bytes) -> bool:
    """Say whether *pcm* (16 kHz, 16-bit mono) has nothing in the band that a telephone takes away."""
    samples = np.frombuffer(pcm, np.int16).astype(float)
    if not samples.any():
        return False
    energy = np.abs(np.fft.rfft(samples)) ** 2
    gone = round(GONE_HZ * samples.size / SAMPLE_RATE)
    return bool(energy[gone:].sum() < GONE_SHARE * energy.sum())


class UpperBand:
    """Makes up what a telephone has taken away.

    Args:
        synthesiser: Its voices are met when the first telephone call comes.
    """

    def __init__(self, synthesiser: Synthesiser) -> None:
        self._synthesiser = synthesiser
        self._below = self._above = np.zeros((0, 0))

    def restore(self, pcm: bytes) -> bytes:
        """Return *pcm* (16 kHz, 16-bit mono) with a band above 3.3 kHz."""
        if not self._below.size:
            self._meet_voices()
        samples = np.frombuffer(pcm, np.int16).astype(float)
        spectra = _spectra(samples)
        below, level = _described(spectra)
        energies = np.exp(self._most_alike(below) + level)
        chance = np.random.default_rng(0)  # the same noise for the same speech
        for number, (first, end) in enumerate(_bins(ABOVE)):
            phases = np.exp(2j * np.pi * chance.random((len(spectra), end - first)))
            spectra[:, first:end] = np.sqrt(energies[:, number : number + 1] / (end - first)) * phases
        return np.clip(np.rint(_joined(spectra, samples.size)), -32768, 32767).astype(np.int16).tobytes()

    def _most_alike(self, below: np.ndarray) -> np.ndarray:
        # The square of what is looked for is the same for all, so it needs no comparing.
        distances = (self._below**2).sum(1)[None, :] - 2 * below @ self._below.T
        found = np.argpartition(distances, ALIKE, axis=1)[:, :ALIKE]
        alike: np.ndarray = self._above[found].mean(1)
        return alike

    def _meet_voices(self) -> None:
        below, above = [], []
        for words, voice in _acquaintance():
            pcm = self._synthesiser.synthesise(words, voice, SAMPLE_RATE)
            spectra = _spectra(np.frombuffer(pcm, np.int16).astype(float))
            described, level = _described(spectra)
            below.append(described)
            above.append(_loudness(spectra, ABOVE) - level)
        self._below, self._above = np.concatenate(below), np.concatenate(above)


def _acquaintance() -> Iterator[tuple[str, Voice]]:
    phrases = tuple(STATUS_PHRASES.values())
    for index, number in enumerate(_NUMBERS):
        yield f"what is the status of my order number {spell(number)}", Voice.CALLER
        yield f"order {spell(number)} {phrases[index % len(phrases)]}", Voice.AGENT
    yield from ((words, Voice.CALLER) for words in _CALLERS)
    yield from ((words, Voice.AGENT) for words in _AGENTS)


def _spectra(samples: np.ndarray) -> np.ndarray:
    padded = np.concatenate([np.zeros(WINDOW // 2), samples, np.zeros(WINDOW)])
    starts = HOP * np.arange((padded.size - WINDOW) // HOP + 1)
    spectra: np.ndarray = np.fft.rfft(padded[starts[:, None] + np.arange(WINDOW)] * _TAPER, axis=1)
    return spectra


def _joined(spectra: np.ndarray, size: int) -> np.ndarray:
    pieces = np.fft.irfft(spectra, WINDOW, axis=1) * _TAPER
    sound, weight = np.zeros((2, len(spectra) * HOP + WINDOW))
    for number, piece in enumerate(pieces):
        sound[number * HOP : number * HOP + WINDOW] += piece
        weight[number * HOP : number * HOP + WINDOW] += _TAPER**2
    return (sound / np.maximum(weight, 1e-3))[WINDOW // 2 : WINDOW // 2 + size]


def _described(spectra: np.ndarray) -> tuple[np.ndarray, float]:
    """Return each moment's loudness by bands with that of its neighbours, and what all of it is relative to."""
    loudness = _loudness(spectra, BELOW)
    level = float(np.percentile(loudness.mean(1), 90))
    around = np.pad(loudness - level, ((1, 1), (0, 0)), "edge")
    return np.concatenate([around[:-2], around[1:-1], around[2:]], axis=1), level


def _loudness(spectra: np.ndarray, edges: tuple[int, ...]) -> np.ndarray:
    energy = np.abs(spectra) ** 2
    return np.log(np.stack([energy[:, first:end].sum(1) for first, end in _bins(edges)], axis=1) + QUIET)


def _bins(edges: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    return ((int(low / _HZ), int(high / _HZ)) for low, high in itertools.pairwise(edges))
