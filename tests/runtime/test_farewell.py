"""Last words: nobody is hung up on before they were heard, and nobody is kept by a model that has none."""

import asyncio
from dataclasses import replace
from io import StringIO

import pytest

from runtime.farewell import BEGIN_SECONDS, LONGEST_SECONDS, Farewell
from runtime.health import Health
from runtime.metrics import MetricWriter
from runtime.phones import LINES
from runtime.pulse import PAUSE_SECONDS, Pulse
from scripts.embedded.bedrock.scripted import ScriptedBrain
from tests.runtime.browser import Browser
from tests.runtime.conftest import GREETING, World, greeted, speak, until
from tests.runtime.test_telephony import phoned
from tests.runtime.test_transfer_to_human import NUMBER, WANTS_A_PERSON

PIECE_SECONDS = 0.02
GOODBYE = replace(WANTS_A_PERSON, says="Somebody will call you back soon. Goodbye.", tone_seconds=1.5)
LOST_SECONDS = 0.1
"""What may be missing of a goodbye: the beginning and the end of a tone, which fade."""


class Conversation:
    """An agent whose time passes when a test lets it."""

    def __init__(self, monkeypatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr("runtime.pulse.time.monotonic", lambda: self.now)
        self.pulse = Pulse(Health(), MetricWriter("test", out=StringIO()), measures_join=False)
        self.farewell = Farewell(self.pulse)

    def plays(self, seconds: float) -> None:
        """Let speech leave for the caller."""
        for _ in range(round(seconds / PIECE_SECONDS)):
            self.now += PIECE_SECONDS
            self.pulse.spoke()

    def over_after(self, seconds: float) -> bool:
        self.now += seconds
        return self.farewell.is_over


@pytest.fixture
def conversation(monkeypatch) -> Conversation:
    return Conversation(monkeypatch)


def test_nothing_is_over_that_was_not_asked_for(conversation):
    """An ordinary call has pauses, too."""
    conversation.pulse.model_spoke()
    conversation.plays(1)

    assert not conversation.over_after(60)


def test_words_from_before_are_no_farewell(conversation):
    """The model says "one moment", and its tool is quicker than the words; the goodbye takes a second to make."""
    conversation.pulse.model_spoke()
    conversation.farewell.ask()
    conversation.plays(3)

    assert not conversation.over_after(2)


def test_a_farewell_is_over_when_it_has_been_heard(conversation):
    """Words come from the model faster than they play."""
    conversation.farewell.ask()
    conversation.now += 1
    conversation.pulse.model_spoke()
    conversation.plays(4)

    assert not conversation.over_after(PAUSE_SECONDS - 0.01)
    assert conversation.over_after(0.02)


def test_a_model_that_says_nothing_keeps_nobody(conversation):
    """It was asked, and that is all that can be done."""
    conversation.farewell.ask()

    assert not conversation.over_after(BEGIN_SECONDS - 0.01)
    assert conversation.over_after(0.02)


def test_a_long_farewell_is_heard_out_but_not_an_endless_one(conversation):
    """A number that is read back takes its time; a cap is a cap."""
    conversation.farewell.ask()
    conversation.pulse.model_spoke()
    conversation.now += PIECE_SECONDS
    conversation.pulse.model_spoke()
    conversation.plays(BEGIN_SECONDS + 4)
    assert not conversation.farewell.is_over

    conversation.plays(LONGEST_SECONDS - BEGIN_SECONDS - 4)
    assert conversation.farewell.is_over


def test_who_talks_over_it_is_answered_first(conversation):
    """Hanging up on somebody in mid-sentence is not what they asked for."""
    conversation.farewell.ask()
    conversation.now += 1
    conversation.pulse.model_spoke()
    conversation.plays(0.5)
    conversation.farewell.interrupted()
    assert not conversation.over_after(3)

    conversation.pulse.model_spoke()
    conversation.plays(1)
    assert conversation.over_after(PAUSE_SECONDS + 0.01)


@pytest.fixture
def with_people(monkeypatch):
    """People who take every caller."""

    class Kept:
        def __init__(self, *_: object) -> None:
            """Need nothing."""

        async def deliver(self, _: object) -> None:
            """Take it."""

    monkeypatch.setattr("runtime.escalation.people.Callbacks", Kept)
    return {"callbacks_table": "callbacks", "callbacks_topic": "topic", "callback_days": 7}


async def handed_over(world: World, provider: str) -> tuple[float, int, str, str]:
    """Ask for a person over a phone; return what was heard of the goodbye, and how the call ended."""
    session_id = world.open_session(provider)
    await world.invoke(session_id, action="wake", line=provider, number=NUMBER)
    async with phoned(world, provider, session_id) as line:
        await greeted(line)
        asked = await speak(line)
        await until(lambda: line.ear.lost, 20)
        heard = [one.audio for one in line.ear.sounds if one.audible and one.at > asked]
    row = await world.closed(session_id)
    seconds = sum(len(one.pcm) / 2 / one.sample_rate for one in heard)
    return seconds, line.marks_echoed, line.ear.lost, row.reason


async def test_every_phone_hears_the_goodbye_to_its_end(start_agent, with_people):
    """A provider drops what it has not played when a stream ends: its mark says that it has."""
    async with start_agent(ScriptedBrain(GREETING, GOODBYE), **with_people) as world:
        calls = await asyncio.gather(*(handed_over(world, provider) for provider in LINES))
        assert world.metrics("Escalations") == [1] * len(LINES)

    for seconds, marks, ended, reason in calls:
        assert seconds >= GOODBYE.tone_seconds - LOST_SECONDS
        assert (marks, reason) == (1, "escalated")
        assert "1000" in ended


async def test_a_page_hears_the_goodbye_to_its_end(start_agent, with_people):
    """Over a WebSocket the page plays what it was sent; it was sent all of it."""
    async with start_agent(ScriptedBrain(GREETING, GOODBYE), **with_people) as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            asked = await speak(line)
            await until(lambda: line.ear.lost, 20)
            heard = [one.audio for one in line.ear.sounds if one.audible and one.at > asked]
        row = await world.closed(session_id)

    assert sum(len(one.pcm) / 2 / one.sample_rate for one in heard) >= GOODBYE.tone_seconds - LOST_SECONDS
    assert row.reason == "escalated"


async def test_a_browser_hears_the_goodbye_to_its_end(start_agent, with_people):
    """Over WebRTC there is no telling what was played; the line stays for a pause longer than any buffer."""
    async with start_agent(ScriptedBrain(GREETING, GOODBYE), **with_people) as world:
        session_id = world.open_session("webrtc")
        async with Browser(world, session_id) as browser:
            await browser.call()
            await browser.hear()
            asked = await browser.voice.say()
            row = await world.closed(session_id, 20)
            heard = [at for at, audible in browser.heard if audible and at > asked]

    assert len(heard) * PIECE_SECONDS >= GOODBYE.tone_seconds - LOST_SECONDS
    assert row.reason == "escalated"
