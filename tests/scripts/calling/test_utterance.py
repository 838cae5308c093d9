"""What counts as speech decides every latency we publish."""

import pytest

from scripts.calling.errors import SpeechError
from scripts.calling.utterance import MICROPHONE_HZ, Utterance, is_audible, write_wav
from tests.scripts.calling.agent import tone


def test_trailing_silence_is_not_speech():
    """Synthesisers and people both leave a pause at the end of a recording."""
    assert Utterance(tone(0.2, MICROPHONE_HZ) + bytes(8000)).last_audible_frame == 10


def test_room_noise_behind_a_voice_is_not_speech():
    """In a recording at -40 dB of noise the sentence still ends where the voice does."""
    noise = tone(0.2, MICROPHONE_HZ)
    quiet = b"".join(
        (int.from_bytes(noise[n : n + 2], "little", signed=True) // 100).to_bytes(2, "little", signed=True)
        for n in range(0, len(noise), 2)
    )

    assert Utterance(tone(0.2, MICROPHONE_HZ) + quiet).last_audible_frame == 10


def test_a_recording_is_read_as_it_is(tmp_path):
    """`--wav` plays the caller's own voice, unchanged."""
    write_wav(tmp_path / "hello.wav", tone(0.3, MICROPHONE_HZ), MICROPHONE_HZ)

    assert Utterance.from_wav(tmp_path / "hello.wav").seconds == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda path: write_wav(path, tone(0.3), 24_000), "24000 Hz"),
        (lambda path: write_wav(path, bytes(32_000), MICROPHONE_HZ), "silent"),
        (lambda path: path.write_bytes(b"ID3 this is an mp3"), "cannot be read as WAV"),
        (lambda _: None, "No such file"),
    ],
)
def test_an_unusable_recording_says_what_is_wrong(tmp_path, content, said):
    """Playing it anyway would be a call that fails without a reason."""
    path = tmp_path / "call.wav"
    content(path)

    with pytest.raises(SpeechError, match=said):
        Utterance.from_wav(path)


def test_silence_is_not_audible():
    """Transports send empty frames, which must not count as the agent's first word."""
    assert not is_audible(bytes(1920), 24_000)
    assert is_audible(tone(0.04), 24_000)
