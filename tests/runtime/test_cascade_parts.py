"""What the cascade's three parts do differently from Pipecat's, each by itself."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from runtime.brains.cascade.clients import Clients
from runtime.brains.cascade.ears import Ears
from runtime.brains.cascade.mind import Mind
from runtime.brains.cascade.voice import Voice
from runtime.meter import Meter, Usage
from runtime.settings.brains import CASCADE
from tests.runtime.agent_settings import AGENT

SETTINGS = replace(
    AGENT,
    brain_kind=CASCADE,
    model_id="us.amazon.nova-lite-v1:0",
    voice_id="Joanna",
    speech_engine="neural",
    language="en-US",
    pause_seconds=0.3,
)


class Bill:
    """Notes what is reported to a call."""

    silent = 0.0

    def __init__(self) -> None:
        self.total = Usage()
        self.spoke = 0

    def used(self, usage: Usage) -> None:
        self.total += usage

    def model_spoke(self) -> None:
        self.spoke += 1


@pytest.fixture
def bill() -> Bill:
    return Bill()


async def test_a_sentence_is_heard_while_it_is_still_being_made(bill):
    """Pipecat waits for the last of a sentence before it plays the first."""
    made = asyncio.Event()

    class Audio:
        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            made.set()

        async def iter_chunks(self, size):
            yield bytes(size)
            await made.wait()

    class Polly:
        async def synthesize_speech(self, **asked):
            assert asked["Text"] == "Order four two seven has shipped."
            return {"RequestCharacters": 33, "AudioStream": Audio()}

    clients = SimpleNamespace(client=lambda _service: asyncio.sleep(0, Polly()))
    voice = Voice(SETTINGS, clients, bill)
    voice._sample_rate = 16_000
    speaking = voice.run_tts("Order four two seven has shipped.", "context")

    assert (await anext(speaking)).audio
    assert not made.is_set()
    await speaking.aclose()
    assert made.is_set()  # an interrupted sentence lets go of its connection
    assert bill.total.spoken_characters == 33
    assert bill.spoke == 1


async def test_an_answer_that_was_interrupted_is_billed_for_what_was_asked(bill):
    """Bedrock tells what an answer cost when it is over; Pipecat reports nothing for the question then."""
    mind = Mind(SETTINGS, Clients(SETTINGS), bill, prompt="Be brief.")
    mind._request.asked_characters = 4_000
    await mind._report_usage_metrics(0, 7, 0, 0)

    assert bill.total == Usage(text_input_tokens=1_000, text_output_tokens=7)


async def test_listening_costs_fifteen_seconds_at_least_and_then_every_second(bill):
    """A stream that is opened for a moment is billed like one of 15 s; silence costs like speech."""
    ears = Ears(SETTINGS, Clients(SETTINGS), bill)
    ears._charge(15.0)
    for _ in range(14):
        ears._bill(bytes(32_000))
    assert bill.total.heard_seconds == 15
    for _ in range(3):
        ears._bill(bytes(32_000))

    assert bill.total.heard_seconds == pytest.approx(17)


def test_each_part_has_its_own_price():
    """US$0.024 a minute heard, US$0.06 and 0.24 per million tokens, US$16 per million characters spoken."""
    meter = Meter(SETTINGS)
    meter.add(
        Usage(heard_seconds=60, text_input_tokens=10_000, text_output_tokens=1_000, spoken_characters=500)
    )

    assert meter.cost_usd == pytest.approx(0.024 + 0.0006 + 0.00024 + 0.008)


def test_what_has_no_known_price_is_taken_for_dear():
    """A cap that counts an unknown engine as free caps nothing."""
    unknown = Meter(replace(SETTINGS, model_id="amazon.nova-9-lite", speech_engine="singing"))
    unknown.add(Usage(text_output_tokens=1_000_000, spoken_characters=1_000_000))

    assert unknown.cost_usd >= 0.24 + 30
