"""Hearing and speaking without network: what one end says, the other understands."""

import asyncio
import os
import sys

import pytest
import pytest_asyncio

from runtime.transports.short_filter import ShortFilter
from scripts.benchmarks.speech import GOAL, Line, carried, row
from scripts.embedded.speech import EngineError, Grammar, Speech, Voice, digits_in, spell
from scripts.embedded.speech.grammars import STATUS_PHRASES
from scripts.embedded.speech.resampling import resample
from scripts.embedded.speech.telephone import is_from_telephone

RATE = 16_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def speech():
    async with Speech() as process:
        await process.warm()
        yield process


@pytest.mark.asyncio(loop_scope="module")
class TestUnderstanding:
    @pytest.mark.parametrize(
        ("voice", "grammar"), [(Voice.CALLER, Grammar.QUESTIONS), (Voice.AGENT, Grammar.ANSWERS)]
    )
    async def test_each_end_understands_the_other(self, speech, voice, grammar):
        """A call that proves something needs both directions to be reliable."""
        got = await row(speech, voice, grammar, 20, seed=1)

        assert got.understood >= GOAL * got.sentences

    @pytest.mark.parametrize("number", ["427", "518", "639", "204", "356"])
    @pytest.mark.parametrize("milliseconds", [0, 3, 7])
    async def test_the_demo_orders_are_understood_wherever_the_frames_fall(
        self, speech, number, milliseconds
    ):
        """The first call of a newcomer must not fail by an unlucky offset."""
        words = f"what is the status of my order number {spell(number)}"
        pcm = bytes(2 * RATE * milliseconds // 1000) + await speech.synthesise(words, Voice.CALLER, RATE)

        assert await speech.recognise(pcm, RATE, Grammar.QUESTIONS) == words

    @pytest.mark.parametrize("number", ["427", "518", "639", "204", "356"])
    @pytest.mark.parametrize("milliseconds", [0, 7])
    async def test_the_demo_orders_are_understood_over_a_telephone(self, speech, number, milliseconds):
        """It takes away what tells six from eight, and the agent's own filter comes after the telephone's."""
        words = f"what is the status of my order number {spell(number)}"
        spoken = await speech.synthesise(words, Voice.CALLER, RATE)
        narrow, rate = carried(bytes(2 * RATE * milliseconds // 1000) + spoken, RATE, Line.TELEPHONE)
        heard = await ShortFilter().resample(narrow, rate, RATE)

        assert await speech.recognise(heard, RATE, Grammar.QUESTIONS) == words

    @pytest.mark.parametrize(
        ("number", "phrase"), zip(["427", "518", "639", "204", "356"], STATUS_PHRASES.values(), strict=True)
    )
    async def test_the_answers_are_understood_over_a_telephone(self, speech, number, phrase):
        """A caller who misheard the number has been told about somebody else's order."""
        words = f"order {spell(number)} {phrase}"
        spoken = await speech.synthesise(words, Voice.AGENT, 24_000)
        narrow = await ShortFilter().resample(spoken, 24_000, 8000)

        assert await speech.recognise(narrow, 8000, Grammar.ANSWERS) == words

    async def test_what_came_over_a_telephone_is_told_from_what_did_not(self, speech):
        """What arrives whole must stay as it is."""
        for voice in Voice:
            whole = await speech.synthesise("where is my order six six six", voice, RATE)
            narrow, rate = carried(whole, RATE, Line.TELEPHONE)

            assert not is_from_telephone(whole)
            assert is_from_telephone(resample(narrow, rate, RATE))
        assert not is_from_telephone(bytes(RATE))
        assert not is_from_telephone(b"")

    @pytest.mark.parametrize("phrase", STATUS_PHRASES.values())
    async def test_every_status_survives_the_agents_sample_rate(self, speech, phrase):
        """The agent speaks at 24 kHz; the caller's recogniser listens at 16."""
        words = f"order four two seven {phrase}"
        pcm = await speech.synthesise(words, Voice.AGENT, 24_000)

        assert await speech.recognise(pcm, 24_000, Grammar.ANSWERS) == words

    @pytest.mark.parametrize(
        "strange",
        ["the quick brown fox jumps over the lazy dog", "the cat sat on a mat and looked at the moon"],
        ids=["a sentence of the grammar, but far-fetched", "the beginning of one"],
    )
    async def test_what_only_resembles_the_domain_is_nothing(self, speech, strange):
        """A grammar finds itself in every sound; an order number out of nowhere is worse than "pardon"."""
        pcm = await speech.synthesise(strange, Voice.AGENT, RATE)

        assert await speech.recognise(pcm, RATE, Grammar.QUESTIONS) == ""

    async def test_silence_is_nothing(self, speech):
        """A muted microphone asks no question."""
        assert await speech.recognise(bytes(2 * RATE), RATE, Grammar.QUESTIONS) == ""
        assert await speech.recognise(b"", RATE, Grammar.QUESTIONS) == ""

    async def test_the_two_voices_differ(self, speech):
        """A caller that is the agent's own voice would prove less."""
        agent, caller = [await speech.synthesise("hello", voice, RATE) for voice in Voice]

        assert agent != caller

    async def test_the_event_loop_stays_free_while_it_listens(self, speech):
        """Other calls' audio flows meanwhile."""
        pcm = await speech.synthesise("where is my order four two seven", Voice.CALLER, RATE)
        ticks = 0
        listening = asyncio.create_task(speech.recognise(pcm, RATE, Grammar.QUESTIONS))
        while not listening.done():
            await asyncio.sleep(0.001)
            ticks += 1

        assert ticks > 10

    async def test_an_interrupted_request_does_not_confuse_the_next(self, speech):
        """Barge-in cancels a recognition; its answer must not be read as another's."""
        pcm = await speech.synthesise("where is my order four two seven", Voice.CALLER, RATE)
        cancelled = asyncio.create_task(speech.recognise(pcm, RATE, Grammar.QUESTIONS))
        await asyncio.sleep(0)
        cancelled.cancel()

        assert await speech.recognise(bytes(RATE), RATE, Grammar.QUESTIONS) == ""


class Echo:
    """An engine of the user's own, which needs neither microphone nor voice."""

    def recognise(self, pcm, _sample_rate, _grammar):
        return pcm.decode()

    def synthesise(self, text, voice, _sample_rate):
        return f"{voice}: {text}".encode()


async def test_both_engines_may_be_the_users_own():
    """Bring your own: a class with one method is all it takes."""
    own = f"{__name__}:Echo"
    async with Speech(recogniser=own, synthesiser=own) as speech:
        assert await speech.synthesise("hi", Voice.AGENT, RATE) == b"agent: hi"
        assert await speech.recognise(b"good day", RATE, Grammar.QUESTIONS) == "good day"


async def test_an_engine_that_is_not_there_is_an_error_and_not_a_hang():
    """A typing mistake in an option is said at once."""
    async with Speech(recogniser="nowhere:Engine") as speech:
        with pytest.raises(EngineError, match="ended"):
            await speech.recognise(b"", RATE, Grammar.QUESTIONS)


async def test_the_speech_process_ends_with_its_parent():
    """A server that is killed in the middle of a call leaves no process behind."""
    program = (
        "import asyncio, scripts.embedded.speech as s\n"
        "async def main():\n"
        "    async with s.Speech() as speech:\n"
        "        print(speech._process.pid, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    worker = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()

    async with asyncio.timeout(20):
        while is_running(worker):  # noqa: ASYNC110  (another process sets no event of ours)
            await asyncio.sleep(0.05)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_numbers_are_spelled_and_read_back():
    """Order numbers travel as words in both directions."""
    assert spell("427") == "four two seven"
    assert digits_in("order four two seven has shipped") == "427"
    assert digits_in(spell("0123456789")) == "0123456789"


def test_resampling_keeps_the_duration():
    """A second at one rate is a second at another; loud peaks do not wrap round."""
    pcm = b"\xff\x7f\x01\x80" * 12_000

    assert len(resample(pcm, 24_000, 16_000)) == 2 * 16_000
    assert resample(pcm, 24_000, 24_000) == pcm
