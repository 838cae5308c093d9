"""Measure how reliably each voice is understood: prints a table, exits 1 below the goal.

python -m scripts.benchmarks.speech

Every sentence is spoken, carried over the sample rates of a call, and recognised back.
"""

import argparse
import asyncio
import audioop
import itertools
import random
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from scripts.calling.phone_line import Telephone
from scripts.calling.phone_words import PHONE_HZ, SAMPLE_BYTES
from scripts.calling.utterance import MICROPHONE_HZ
from scripts.embedded.speech.engines import Voice
from scripts.embedded.speech.grammars import STATUS_PHRASES, Grammar
from scripts.embedded.speech.resampling import resample
from scripts.embedded.speech.speech import Speech
from scripts.embedded.speech.words import digits_in, spell

GOAL = 0.95
"""Share of sentences whose order number and status arrive whole."""
DEMO_ORDERS = ("427", "518", "639", "204", "356")
SPOKEN_HZ = {Grammar.QUESTIONS: MICROPHONE_HZ, Grammar.ANSWERS: 24_000}
"""A caller's is the microphone's rate, the agent's the model's."""
STRANGE = (
    "what is the weather in paris today",
    "please book a table for two people",
    "tell me a short story about a dog",
    "what time does the store close on sunday",
    "turn off the lights in the kitchen",
    "i would like to cancel my subscription",
    "the quick brown fox jumps over the lazy dog",
    "do you sell shoes",
    "how much does it cost",
    "maybe tomorrow",
)


class Line(StrEnum):
    """What carries a voice."""

    PAGE = "page"
    TELEPHONE = "telephone"


def carried(pcm: bytes, sample_rate: int, line: Line) -> tuple[bytes, int]:
    """Return what arrives of *pcm* at the other end of *line*, and at which rate."""
    arrived = resample(pcm, sample_rate, MICROPHONE_HZ)
    if line is Line.PAGE:
        return arrived, MICROPHONE_HZ
    narrow = Telephone(PHONE_HZ).carry(arrived)
    return audioop.ulaw2lin(audioop.lin2ulaw(narrow, SAMPLE_BYTES), SAMPLE_BYTES), PHONE_HZ


@dataclass(frozen=True, slots=True)
class Row:
    """The result for one voice in one direction over one line."""

    understood: int
    word_for_word: int
    sentences: int
    milliseconds: float


def questions(count: int, chance: random.Random) -> Iterator[str]:
    """Yield what callers say."""
    frames = (
        "what is the status of my order number {}",
        "where is my order {}",
        "can you check order number {} please",
        "it is {}",
    )
    for index in range(count):
        yield frames[index % len(frames)].format(spell(_number(index, chance)))


def answers(count: int, chance: random.Random) -> Iterator[str]:
    """Yield what the agent says."""
    phrases = tuple(STATUS_PHRASES.values())
    for index in range(count):
        number = spell(_number(index, chance))
        yield f"order {number} {phrases[index % len(phrases)]}"


def _number(index: int, chance: random.Random) -> str:
    if index < len(DEMO_ORDERS):
        return DEMO_ORDERS[index]
    return "".join(chance.choice("0123456789") for _ in range(chance.choice((3, 3, 3, 4, 5, 6))))


async def row(
    speech: Speech, voice: Voice, grammar: Grammar, count: int, *, seed: int, line: Line = Line.PAGE
) -> Row:
    """Speak and recognise *count* sentences."""
    make = questions if grammar is Grammar.QUESTIONS else answers
    understood = word_for_word = 0
    took = []
    for sentence in make(count, random.Random(seed)):  # noqa: S311  (chance, no secret)
        spoken = await speech.synthesise(sentence, voice, SPOKEN_HZ[grammar])
        pcm, rate = carried(spoken, SPOKEN_HZ[grammar], line)
        started = time.perf_counter()
        heard = await speech.recognise(pcm, rate, grammar)
        took.append(1000 * (time.perf_counter() - started))
        word_for_word += heard == sentence
        understood += _meaning(heard) == _meaning(sentence)
    return Row(understood, word_for_word, count, statistics.median(took))


def _meaning(words: str) -> tuple[str, str]:
    status = next((phrase for phrase in STATUS_PHRASES.values() if words.endswith(phrase)), "")
    return digits_in(words), status


async def rejected(speech: Speech, voice: Voice) -> int:
    """Count the strange sentences that are rightly not understood."""
    heard = [
        await speech.recognise(await speech.synthesise(one, voice, 16_000), 16_000, Grammar.QUESTIONS)
        for one in STRANGE
    ]
    return heard.count("")


async def measure(count: int, seed: int) -> bool:
    """Print the table and say whether the goal is met."""
    print(
        "| voice | direction | line | understood | word for word | median time |\n|---|---|---|---|---|---|"
    )
    shares = []
    async with Speech() as speech:
        await speech.warm()
        for voice in Voice:
            for grammar, line in itertools.product(Grammar, Line):
                got = await row(speech, voice, grammar, count, seed=seed, line=line)
                shares.append(got.understood / got.sentences)
                print(
                    f"| {voice} | {grammar} | {line} | {got.understood}/{got.sentences} "
                    f"| {got.word_for_word}/{got.sentences} | {got.milliseconds:.0f} ms |",
                    flush=True,
                )
            refused = await rejected(speech, voice)
            print(
                f"| {voice} | strange sentences not understood | | {refused}/{len(STRANGE)} | | |", flush=True
            )
    return min(shares) >= GOAL


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sentences", type=int, default=24, help="per voice and direction")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    return 0 if asyncio.run(measure(options.sentences, options.seed)) else 1


if __name__ == "__main__":
    sys.exit(main())
