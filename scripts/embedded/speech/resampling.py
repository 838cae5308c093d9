"""16-bit mono audio from one sample rate to another."""

import numpy as np
import soxr


def resample(pcm: bytes, from_rate: int, to_rate: int) -> bytes:
    """Return *pcm* at *to_rate*; an odd last byte is dropped."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype=np.int16)
    if from_rate == to_rate or not samples.size:
        return samples.tobytes()
    converted: np.ndarray = soxr.resample(samples, from_rate, to_rate)
    return converted.astype(np.int16).tobytes()
