"""When the caller speaks and when they have finished: energy above the room's noise, then silence.

All times are counted in audio, not by a clock: a burst of late packets is no pause.
"""

import enum
import math
from array import array
from collections import deque

# Loudness (root mean square of 16-bit samples) under which nothing is speech: -44 dB of full scale.
FLOOR_LOUDNESS = 200.0
# Speech stands out of the room's noise by at least this factor (10 dB).
ABOVE_NOISE = 3.2
# The noise estimate follows a quieter room at once and a louder one slowly, so that speech does not
# raise it: one tenth of the gap for each second.
NOISE_RISE_PER_SECOND = 0.1
# A click is shorter, a syllable is longer.
ONSET_SECONDS = 0.06
# Kept from before the onset, because a soft consonant comes ahead of the energy.
PRE_ROLL_SECONDS = 0.3
BYTES_PER_SAMPLE = 2


class Change(enum.Enum):
    """What a piece of audio brought about."""

    NONE = enum.auto()
    STARTED = enum.auto()
    ENDED = enum.auto()


class TurnDetector:
    """Cuts the caller's audio into turns."""

    def __init__(self, sample_rate: int, endpointing_seconds: float) -> None:
        self.sample_rate = sample_rate
        self._endpointing_seconds = endpointing_seconds
        self._noise = FLOOR_LOUDNESS / ABOVE_NOISE
        self._turn = bytearray()
        self._pre_roll: deque[bytes] = deque()
        self._pre_roll_bytes = 0
        self._loud_seconds = self._quiet_seconds = self._speech_seconds = 0.0
        self.speaking = False

    def feed(self, pcm: bytes) -> Change:
        """Take the next piece of 16-bit mono audio."""
        seconds = len(pcm) / BYTES_PER_SAMPLE / self.sample_rate
        loud = self._is_loud(pcm, seconds)
        if not self.speaking:
            self._remember(pcm)
            self._loud_seconds = self._loud_seconds + seconds if loud else 0.0
            return self._start() if self._loud_seconds >= ONSET_SECONDS else Change.NONE
        self._turn += pcm
        if loud:
            self._speech_seconds += seconds + self._quiet_seconds
            self._quiet_seconds = 0.0
            return Change.NONE
        self._quiet_seconds += seconds
        return self._end() if self._quiet_seconds >= self._endpointing_seconds else Change.NONE

    def take(self) -> tuple[bytes, float]:
        """Hand over the turn that ended: its audio, and how many seconds of it were speech."""
        audio, seconds = bytes(self._turn), self._speech_seconds
        self._turn.clear()
        return audio, seconds

    def _is_loud(self, pcm: bytes, seconds: float) -> bool:
        loudness = _root_mean_square(pcm)
        threshold = max(FLOOR_LOUDNESS, self._noise * ABOVE_NOISE)
        rise = (loudness - self._noise) * min(1.0, NOISE_RISE_PER_SECOND * seconds)
        self._noise = min(loudness, self._noise + max(0.0, rise))
        return loudness > threshold

    def _remember(self, pcm: bytes) -> None:
        self._pre_roll.append(pcm)
        self._pre_roll_bytes += len(pcm)
        keep = PRE_ROLL_SECONDS * self.sample_rate * BYTES_PER_SAMPLE
        while self._pre_roll_bytes - len(self._pre_roll[0]) >= keep:
            self._pre_roll_bytes -= len(self._pre_roll.popleft())

    def _start(self) -> Change:
        self.speaking = True
        self._turn = bytearray(b"".join(self._pre_roll))
        self._pre_roll.clear()
        self._pre_roll_bytes = 0
        self._speech_seconds, self._quiet_seconds = self._loud_seconds, 0.0
        return Change.STARTED

    def _end(self) -> Change:
        self.speaking = False
        self._loud_seconds = 0.0
        return Change.ENDED


def _root_mean_square(pcm: bytes) -> float:
    samples = array("h", pcm)
    if not samples:
        return 0.0
    return math.sqrt(math.sumprod(samples, samples) / len(samples))
