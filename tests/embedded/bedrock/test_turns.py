"""When a caller is heard to start and to finish, counted in audio."""

import random
from array import array

import pytest

from scripts.embedded.bedrock.models import MODELS
from scripts.embedded.bedrock.turns import Change, TurnDetector
from tests.embedded.bedrock.speech_sample import RATE, silence, sound

FRAME_BYTES = 640


def changes(detector, pcm):
    """Return what happened, and after how many seconds of audio."""
    found = []
    for start in range(0, len(pcm), FRAME_BYTES):
        change = detector.feed(pcm[start : start + FRAME_BYTES])
        if change is not Change.NONE:
            found.append((change, (start + FRAME_BYTES) / 2 / RATE))
    return found


def noise(seconds, amplitude):
    chance = random.Random(1)  # noqa: S311  (chance, no secret)
    return array(
        "h", (round(chance.uniform(-amplitude, amplitude)) for _ in range(round(seconds * RATE)))
    ).tobytes()


def mixed(one, other):
    return array("h", (a + b for a, b in zip(array("h", one), array("h", other), strict=True))).tobytes()


def test_a_turn_ends_one_endpoint_after_the_speech():
    """The wait is what the caller feels most; it must be what the model's page says."""
    detector = TurnDetector(RATE, 0.4)

    (started, at), (ended, end) = changes(detector, silence(1) + sound(1) + silence(1))

    assert (started, ended) == (Change.STARTED, Change.ENDED)
    assert at == pytest.approx(1.06, abs=0.03)
    assert end == pytest.approx(2.4, abs=0.03)


def test_the_turn_holds_all_of_the_speech_and_a_little_before():
    """A recogniser that misses the first consonant hears another word."""
    detector = TurnDetector(RATE, 0.4)
    speech = sound(1)

    changes(detector, silence(1) + speech + silence(1))
    audio, seconds = detector.take()

    assert speech in audio
    assert audio.index(speech) >= 2 * RATE * 0.2
    assert seconds == pytest.approx(1, abs=0.05)


def test_a_click_is_no_turn():
    """A dropped pen must not interrupt the agent."""
    assert changes(TurnDetector(RATE, 0.4), silence(1) + sound(0.04) + silence(1)) == []


def test_steady_noise_is_learned_and_speech_above_it_heard():
    """A fan is no caller, and does not keep a turn open for ever."""
    detector = TurnDetector(RATE, 0.4)
    changes(detector, noise(30, 900))
    if detector.speaking:
        pytest.fail("The noise still counts as speech after 30 s.")

    kinds = [change for change, _ in changes(detector, mixed(sound(1), noise(1, 900)) + noise(1, 900))]

    assert kinds == [Change.STARTED, Change.ENDED]


def test_two_turns_do_not_run_into_each_other():
    """The second question must not be answered with the first one's audio."""
    detector = TurnDetector(RATE, 0.4)
    changes(detector, sound(1) + silence(1))
    detector.take()

    changes(detector, sound(0.5) + silence(1))

    assert detector.take()[1] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("model_id", "sensitivity", "seconds"),
    [
        ("amazon.nova-2-sonic-v1:0", "HIGH", 1.5),
        ("amazon.nova-2-sonic-v1:0", "MEDIUM", 1.75),
        ("amazon.nova-2-sonic-v1:0", "LOW", 2.0),
        ("amazon.nova-2-5-sonic", "MEDIUM", 0.4),
    ],
)
def test_each_model_waits_as_published(model_id, sensitivity, seconds):
    """Latency figures of the embedded cloud are only honest with the real waits."""
    assert MODELS[model_id].endpointing_seconds[sensitivity] == seconds
