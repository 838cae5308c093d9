"""A model that dies between a question and its answer: the caller has asked, and waits."""

import asyncio

import pytest

from runtime.brains import owed
from scripts.embedded.bedrock.brain import CallerTurn, Floor
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from scripts.embedded.bedrock.server import BedrockServer
from tests.runtime.conftest import GREETING, ask, greeted

QUESTION = "Where is order four two seven?"
LOOK_UP = ("order_status", {"order_number": "427"})


class DyingBrain(ScriptedBrain):
    """Hears the question and falls silent for ever; another stream finds it well again."""

    def __init__(self, *, after_tool: bool) -> None:
        super().__init__(choose=lambda _turn: Scripted(says="It has shipped.") if self.asked else GREETING)
        self.asked: list[str] = []
        self.bedrock: BedrockServer | None = None
        self._after_tool = after_tool

    async def answer(self, turn: CallerTurn, floor: Floor) -> None:
        if turn.audio:
            floor.hear(QUESTION)
            if self._after_tool:
                await floor.call_tool(*LOOK_UP)
            self.asked.append("aloud")
            self.bedrock.sessions[0].stall()
            await asyncio.Event().wait()
        if self.asked:
            self.asked.append(turn.text)
        await super().answer(turn, floor)


@pytest.mark.parametrize("after_tool", [False, True])
async def test_a_question_that_a_lost_stream_had_heard_is_answered_by_the_next(
    start_agent, monkeypatch, after_tool
):
    """Nobody repeats what they have just said to a line that is merely silent; they hang up."""
    monkeypatch.setattr(owed, "ANSWER_SECONDS", 1.0)
    brain = DyingBrain(after_tool=after_tool)
    async with start_agent(brain) as world, world.call() as line:
        brain.bedrock = world.bedrock
        await greeted(line)
        await ask(line)

    assert brain.asked == ["aloud", QUESTION]
