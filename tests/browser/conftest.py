"""A browser, the page with what stands behind it, and voices for the microphone."""

import wave

import pytest

from scripts.browsing.chromium import MICROPHONE_ALLOWED, Chromium
from scripts.calling.utterance import MICROPHONE_HZ, SAMPLE_BYTES
from scripts.calling.voice import spoken
from tests.browser.relayed_agent import RelayedAgent
from tests.browser.small_stage import small_stage

GREETING_SECONDS = 7
"""The offline brain's greeting takes five."""


@pytest.fixture(scope="module")
def chromium():
    """One browser for a file's tests; each has a tab that shares nothing with the others."""
    with Chromium.running(MICROPHONE_ALLOWED) as browser:
        yield browser


@pytest.fixture
async def tab(chromium):
    async with chromium.tab() as opened:
        yield opened


@pytest.fixture
async def stage():
    async with small_stage() as running:
        yield running


@pytest.fixture
async def relayed():
    """A stage whose door offers WebRTC, with an agent at its other end."""
    agent = RelayedAgent()
    async with small_stage(agent) as running:
        running.door.invitation |= {"ice_servers": [], "ice_transport_policy": "all"}
        yield running
    await agent.close()


@pytest.fixture(scope="session")
def voice(tmp_path_factory):
    """Return a microphone: a flag that lets Chromium hear a sentence once the greeting is over."""
    folder = tmp_path_factory.mktemp("voices")

    async def microphone(sentence, *, after_seconds=GREETING_SECONDS):
        path = folder / f"{sentence} {after_seconds}.wav"
        return recorded(path, SECOND * after_seconds + (await spoken(sentence)).pcm + SECOND)

    return microphone


@pytest.fixture(scope="session")
def silence(tmp_path_factory):
    """The microphone of somebody who says nothing; Chromium's own beeps, and so talks over what is said."""
    return recorded(tmp_path_factory.mktemp("voices") / "silence.wav", SECOND)


SECOND = bytes(SAMPLE_BYTES * MICROPHONE_HZ)
"""One, of silence."""


def recorded(path, pcm):
    """Write a recording, and return the flag that has Chromium play it once."""
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(SAMPLE_BYTES)
        recording.setframerate(MICROPHONE_HZ)
        recording.writeframes(pcm)
    return f"--use-file-for-fake-audio-capture={path}%noloop"
