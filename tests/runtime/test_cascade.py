"""The cascade as a caller, the ledger and the bill see it: the same calls as with Nova Sonic."""

from dataclasses import replace

import pytest

from runtime.settings.agent import CASCADE
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from tests.runtime.conftest import ANSWER, GREETING, ask, greeted, until

KNOBS = {
    "brain_kind": CASCADE,
    "model_id": "amazon.nova-lite-v1:0",
    "voice_id": "Joanna",
    "speech_engine": "neural",
    "language": "en-US",
    "pause_seconds": 0.2,
}
LOOK_UP = Scripted(
    hears="order four two seven",
    tool=("order_status", {"order_number": "427"}),
    says="It is {result}",
    tone_seconds=0.3,
)


async def test_greets_without_being_asked(start_agent):
    """Whoever hears nothing for a second says hello twice, or hangs up."""
    async with start_agent(**KNOBS) as world, world.call() as line:
        await greeted(line)

        assert world.bedrock.cascade.spoken == [GREETING.says]
        assert world.metrics("JoinTime")


async def test_answers_what_the_caller_says_and_looks_it_up(start_agent):
    """The main job: a spoken question, a real look-up, a spoken answer."""
    async with start_agent(ScriptedBrain(GREETING, LOOK_UP), **KNOBS) as world, world.call() as line:
        await greeted(line)
        await ask(line)

        assert "shipped" in str(world.bedrock.cascade.conversations[-1]["messages"][-1])
        assert world.metrics("ToolCalls") == [1]
        assert world.metrics("ToolErrors") == [0]
        assert len(world.metrics("VoiceToVoiceLatency")) == 1
