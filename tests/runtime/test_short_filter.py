"""Sample rates of a phone: changed without holding speech back, and without a sound of their own."""

import numpy as np
import pytest

from runtime.transports.phone_dialects import DIALECTS
from runtime.transports.short_filter import ShortFilter

RATES = [(8000, 16_000), (24_000, 8000), (24_000, 16_000), (8000, 24_000)]


def sine(hertz: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.int16)


async def changed(samples: np.ndarray, in_rate: int, out_rate: int, *, pieces: int = 50) -> np.ndarray:
    one = ShortFilter()
    parts = [
        await one.resample(piece.tobytes(), in_rate, out_rate) for piece in np.array_split(samples, pieces)
    ]
    return np.frombuffer(b"".join(parts), np.int16)


def loudness(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples[len(samples) // 4 :].astype(float) ** 2)) + 1e-9))


@pytest.mark.parametrize(("in_rate", "out_rate"), RATES)
async def test_speech_keeps_its_loudness_and_its_length(in_rate, out_rate):
    """20 ms in, 20 ms out: players and recognisers count samples."""
    said = sine(1000, in_rate)
    heard = await changed(said, in_rate, out_rate)

    assert len(heard) == out_rate
    assert abs(loudness(heard) - loudness(said)) < 0.2


@pytest.mark.parametrize(("in_rate", "out_rate"), RATES)
async def test_speech_is_not_held_back(in_rate, out_rate):
    """Pipecat's own resampler costs a caller a tenth of a second at each end of a turn."""
    silence = np.zeros(in_rate // 10, np.int16)
    heard = await changed(np.concatenate([silence, sine(1000, in_rate)]), in_rate, out_rate)
    began = int(np.argmax(np.abs(heard.astype(int)) > 1000)) / out_rate

    assert 0.1 <= began <= 0.104


async def test_what_a_phone_cannot_carry_is_no_noise_on_it():
    """An s above 4 kHz would come back as a whistle below it."""
    heard = await changed(sine(6000, 24_000), 24_000, 8000)

    assert loudness(heard) < loudness(sine(6000, 24_000)) - 50


@pytest.mark.parametrize(("in_rate", "out_rate"), RATES)
async def test_pieces_of_any_size_make_the_same_sound(in_rate, out_rate):
    """A provider's packets are cut where it likes."""
    said = sine(700, in_rate)

    assert np.array_equal(
        await changed(said, in_rate, out_rate, pieces=1), await changed(said, in_rate, out_rate, pieces=333)
    )


BEGINNINGS = {
    "twilio": {"start": {"streamSid": "MZ1"}},
    "telnyx": {"stream_id": "1", "start": {"media_format": {"encoding": "PCMU", "sample_rate": 8000}}},
    "plivo": {"start": {"streamId": "1"}},
    "vonage": {"content-type": "audio/l16;rate=16000"},
}


@pytest.mark.parametrize("provider", DIALECTS)
def test_pipecat_keeps_its_filters_where_they_are_replaced(provider):
    """They are attributes without a parameter: a release that renames them would bring the delay back."""
    kept = vars(DIALECTS[provider].serializer(BEGINNINGS[provider]))

    assert {"_input_resampler", "_output_resampler"} <= kept.keys()
