"""What the caller says, as the audio a microphone would deliver, and where in it a voice is heard."""

import math
import wave
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from scripts.calling.errors import SpeechError

MICROPHONE_HZ = 16_000
FRAME_SECONDS = 0.02
"""A microphone hands on 20 ms at a time; so does every VoIP stack."""
SAMPLE_BYTES = 2

AUDIBLE_RMS = 200
"""-44 dB of full scale: above the hiss of a headset, far below speech."""
AUDIBLE_SHARE = 0.02
"""Of the loudest frame (-34 dB): in a noisy recording the room is not the voice."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance, 16-bit mono at `MICROPHONE_HZ`."""

    pcm: bytes

    @classmethod
    def from_wav(cls, path: Path) -> Self:
        """Read a recording.

        Raises:
            SpeechError: There is no such file, it is no 16 kHz mono WAV, or nobody speaks in it.
        """
        try:
            with wave.open(str(path), "rb") as recording:
                found = (recording.getframerate(), recording.getsampwidth(), recording.getnchannels())
                pcm = recording.readframes(recording.getnframes())
        except (OSError, wave.Error, EOFError) as fault:
            raise SpeechError(f"{path} cannot be read as WAV ({fault or 'it is empty'}).") from fault
        if found != (MICROPHONE_HZ, SAMPLE_BYTES, 1):
            raise SpeechError(
                f"{path} has {found[0]} Hz, {8 * found[1]} bit, {found[2]} channel(s); a call carries "
                f"{MICROPHONE_HZ} Hz, 16 bit, 1 channel.  Convert it, for example with "
                f"`ffmpeg -i {path.name} -ar {MICROPHONE_HZ} -ac 1 -sample_fmt s16 call.wav`."
            )
        return cls.checked(pcm, source=str(path))

    @classmethod
    def checked(cls, pcm: bytes, *, source: str) -> Self:
        """Take audio in which somebody speaks.

        Raises:
            SpeechError: It is silent throughout.
        """
        speech = cls(pcm)
        if not speech.last_audible_frame:
            raise SpeechError(f"{source} is silent, so the agent would have nothing to answer.")
        return speech

    @property
    def frames(self) -> list[bytes]:
        """The audio in microphone frames, the last one filled up with silence."""
        size = int(MICROPHONE_HZ * FRAME_SECONDS) * SAMPLE_BYTES
        return [self.pcm[at : at + size].ljust(size, b"\0") for at in range(0, len(self.pcm), size)]

    @property
    def last_audible_frame(self) -> int:
        """Count of frames up to and including the last in which the voice is heard; 0 for silence."""
        loudness = [rms(frame) for frame in self.frames]
        bar = max(AUDIBLE_RMS, AUDIBLE_SHARE * max(loudness, default=0))
        return max((number for number, one in enumerate(loudness, start=1) if one > bar), default=0)

    @property
    def seconds(self) -> float:
        """How long it takes to say."""
        return len(self.pcm) / (MICROPHONE_HZ * SAMPLE_BYTES)


def rms(pcm: bytes) -> float:
    """Return the loudness of 16-bit little-endian PCM, 0 to 32768."""
    samples = array("h", pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES])
    return math.sqrt(sum(one * one for one in samples) / len(samples)) if samples else 0.0


def is_audible(pcm: bytes, sample_rate: int) -> bool:
    """Whether a person would hear anything: one loud frame is enough."""
    return any(rms(frame) > AUDIBLE_RMS for frame in _cut(pcm, int(sample_rate * FRAME_SECONDS)))


def _cut(pcm: bytes, samples: int) -> Iterator[bytes]:
    size = samples * SAMPLE_BYTES
    return (pcm[at : at + size] for at in range(0, len(pcm), size))


def write_wav(path: Path, pcm: bytes, sample_rate: int) -> None:
    """Keep what was heard, for a person to listen to."""
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(SAMPLE_BYTES)
        recording.setframerate(sample_rate)
        recording.writeframes(pcm)
