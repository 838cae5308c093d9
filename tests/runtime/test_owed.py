"""When a model counts as stalled, by the seconds that the call has really waited."""

import pytest

from runtime.brains.owed import ANSWER_SECONDS, Owed

LONG = 100.0


@pytest.fixture
def owed():
    return Owed()


def test_a_model_that_was_given_something_stalls_whoever_makes_a_sound(owed):
    """Noise in the room is no sign of life of the model's."""
    owed.given()

    assert not owed.wait(ANSWER_SECONDS / 2, silent_seconds=0)
    assert owed.wait(ANSWER_SECONDS / 2, silent_seconds=0)


def test_a_caller_who_talks_on_waits_for_nothing(owed):
    """The model holds its answer back for whoever has more to say, and must not be replaced for that."""
    owed.heard("Where is my order")

    assert not owed.wait(LONG, silent_seconds=ANSWER_SECONDS / 2)
    assert owed.wait(0, silent_seconds=ANSWER_SECONDS)


def test_only_what_was_waited_since_the_last_sign_counts(owed):
    """A call that lasts for minutes would otherwise lose its model at the first question."""
    owed.wait(LONG, silent_seconds=LONG)
    owed.heard("Where is my order")
    assert not owed.wait(ANSWER_SECONDS / 2, silent_seconds=LONG)

    owed.sign_of_life()

    assert not owed.wait(LONG, silent_seconds=LONG)


def test_words_are_owed_an_answer_until_there_is_audio_however_many_streams_it_takes(owed):
    """A second loss before the answer must not swallow the question."""
    owed.heard("Where is my order")
    owed.sign_of_life()
    owed.heard("number four two seven")
    assert owed.words == "Where is my order number four two seven"

    owed.answered()

    assert owed.words == ""
