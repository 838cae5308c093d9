"""Changes the sample rate of a phone's speech without holding it back."""

import math

import numpy as np
from pipecat.audio.resamplers.base_audio_resampler import BaseAudioResampler

HALF_WIDTH_SAMPLES = 16
"""Half the filter, in samples of the lower rate: 2 ms at 8 kHz, which is how long speech is delayed."""

CUT_OFF = 0.45
"""Of the lower rate: 3.6 kHz at 8 kHz, above what a telephone network carries (ITU-T G.712: 3.4 kHz)."""

KAISER_BETA = 6.0
"""What lies above is 60 dB down, and there is as little of the transition as that allows."""


class ShortFilter(BaseAudioResampler):
    """Stands where Pipecat's phone serializers have libsoxr at its very high quality.

    That hands on 20 ms of 8 kHz speech after up to 110 ms, and 24 kHz speech after up to 150: a fifth of a
    second of every turn.  For what a phone carries a short filter sounds the same.
    """

    def __init__(self) -> None:
        self._rates = (0, 0)
        self._up = self._down = 1
        self._phase = 0
        self._taps = self._past = np.zeros(0)

    async def resample(self, audio: bytes, in_rate: int, out_rate: int) -> bytes:
        """Return as much of *audio* (mono, 16 bits) as can be had at *out_rate*: all but the last 2 ms."""
        if in_rate == out_rate:
            return audio
        if self._rates != (in_rate, out_rate):
            self._begin(in_rate, out_rate)
        samples = np.frombuffer(audio[: len(audio) & ~1], dtype=np.int16)
        spread = np.zeros(samples.size * self._up)
        spread[:: self._up] = samples
        block = np.concatenate([self._past, spread])
        self._past = block[spread.size :]
        if not samples.size:
            return b""
        filtered = np.convolve(block, self._taps, "valid")[self._phase :: self._down]
        self._phase = (self._phase - spread.size) % self._down
        return np.clip(np.rint(filtered), -32768, 32767).astype(np.int16).tobytes()

    def _begin(self, in_rate: int, out_rate: int) -> None:
        common = math.gcd(in_rate, out_rate)
        self._rates = (in_rate, out_rate)
        self._up, self._down = out_rate // common, in_rate // common
        steps = max(self._up, self._down)  # of the rate in between, for each sample of the lower one
        half = HALF_WIDTH_SAMPLES * steps
        at = np.arange(-half, half + 1) / steps
        taps = np.sinc(2 * CUT_OFF * at) * np.kaiser(at.size, KAISER_BETA)
        self._taps = taps * (self._up / taps.sum())
        self._past = np.zeros(at.size - 1)
        self._phase = 0
