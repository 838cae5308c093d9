"""What the log says of each turn: when who spoke, what it took, what it cost, and not a word of it."""

import json
import logging
from io import StringIO

import numpy as np
import pytest

from runtime.health import Health
from runtime.meter import Meter, Usage
from runtime.metrics import TURN_OVER, MetricWriter
from runtime.pulse import PAUSE_SECONDS, Pulse
from runtime.tools.toolbox import ToolRun
from runtime.turns import Turns
from scripts.embedded.bedrock.scripted import ScriptedBrain
from tests.runtime.agent_settings import AGENT
from tests.runtime.conftest import GREETING, ask, greeted, until
from tests.runtime.test_call import LOOK_UP

PIECE_SECONDS = 0.1
SOUND = np.full(160, 8_000, dtype=np.int16).tobytes()


class Conversation:
    """A call whose time passes when a test lets it."""

    def __init__(self, monkeypatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr("runtime.pulse.time.monotonic", lambda: self.now)
        self.pulse = Pulse(Health(), MetricWriter("test", out=StringIO()), measures_join=False)
        self.turns = Turns("session-1", self.pulse, Meter(AGENT))

    def caller_speaks(self, seconds: float) -> None:
        """Let a caller speak and the model understand it a moment later."""
        for _ in range(round(seconds / PIECE_SECONDS)):
            self.now += PIECE_SECONDS
            self.pulse.heard(SOUND)
        self.now += 0.5
        self.pulse.caller_finished()
        self.turns.caller_finished()

    def asks(self) -> None:
        """Give the model something to answer."""
        self.pulse.asked()
        self.turns.asked()

    def agent_speaks(self, seconds: float) -> None:
        for _ in range(round(seconds / PIECE_SECONDS)):
            self.now += PIECE_SECONDS
            self.pulse.model_spoke()
            self.turns.model_spoke()
            self.pulse.spoke()
            self.turns.spoke()

    def falls_silent(self) -> None:
        """Let the answer be heard out."""
        self.passes(PAUSE_SECONDS + 0.01)

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.turns.look()


@pytest.fixture
def conversation(monkeypatch) -> Conversation:
    return Conversation(monkeypatch)


@pytest.fixture
def turns(caplog):
    """Return what asks for the records that were written."""
    caplog.set_level(logging.INFO, logger="runtime.turns")
    return lambda: [record for record in caplog.records if record.message == TURN_OVER]


def test_a_turn_says_when_each_end_spoke(conversation, turns):
    """Where the seconds went is the first question about a slow agent."""
    conversation.passes(3)
    conversation.caller_speaks(2)
    conversation.passes(0.2)
    conversation.agent_speaks(1)
    conversation.falls_silent()
    (turn,) = turns()

    assert (turn.turn, turn.session_id) == (1, "session-1")
    assert (turn.caller_began_ms, turn.caller_ended_ms) == (3100, 5000)
    assert (turn.answer_began_ms, turn.answer_ended_ms) == (5800, 6700)
    assert turn.asked_ms is None


def test_a_turn_is_not_over_while_the_agent_pauses_or_a_tool_runs(conversation, turns):
    """ "One moment" is no answer, and its turn is not split in two."""
    conversation.caller_speaks(1)
    conversation.agent_speaks(0.5)
    conversation.turns.tool_begins()
    conversation.passes(4)
    conversation.turns.tool_ends(ToolRun(tool="order_status", seconds=3.9, error=""))
    conversation.asks()
    conversation.passes(4)
    assert not turns()

    conversation.agent_speaks(1)
    conversation.passes(PAUSE_SECONDS / 2)
    assert not turns()
    conversation.falls_silent()
    (turn,) = turns()

    assert turn.tools == [{"tool": "order_status", "began_ms": 2100, "ms": 3900.0, "error": ""}]


def test_each_turn_has_the_tokens_that_were_billed_in_it(conversation, turns):
    """A prompt that grew by a page shows in the next turn's price."""
    conversation.asks()
    conversation.turns.used(Usage(text_input_tokens=1000))
    conversation.agent_speaks(1)
    conversation.falls_silent()
    conversation.caller_speaks(1)
    conversation.turns.used(Usage(speech_input_tokens=10, speech_output_tokens=20))
    conversation.turns.used(Usage(speech_output_tokens=30))
    conversation.agent_speaks(1)
    conversation.falls_silent()
    greeting, answer = turns()

    assert greeting.tokens["text_input"] == 1000
    assert greeting.cost_usd == pytest.approx(0.00033)
    assert answer.tokens == {"speech_input": 10, "speech_output": 50, "text_input": 0, "text_output": 0}
    assert answer.cost_usd == pytest.approx((10 * 3 + 50 * 12) / 1_000_000)


def test_a_caller_who_goes_on_before_the_answer_is_heard_out_begins_a_turn(conversation, turns):
    """Talking over the agent ends its turn there."""
    conversation.caller_speaks(1)
    conversation.agent_speaks(1)
    conversation.turns.interrupted()
    conversation.caller_speaks(1)
    (first,) = turns()
    conversation.turns.close()

    assert first.interrupted
    assert [(turn.turn, turn.answer_began_ms is None) for turn in turns()] == [(1, False), (2, True)]


def test_words_that_come_in_two_pieces_are_one_turn(conversation, turns):
    """The model may understand half a sentence before it has heard the other."""
    conversation.caller_speaks(1)
    conversation.caller_speaks(1)
    conversation.agent_speaks(1)
    conversation.falls_silent()
    (turn,) = turns()

    assert (turn.caller_began_ms, turn.caller_ended_ms) == (0, 2500)


def test_an_answer_to_what_the_model_found_no_words_in_is_a_turn(conversation, turns):
    """Somebody coughed, and was asked to say it again: it took time and money all the same."""
    conversation.asks()
    conversation.agent_speaks(1)
    conversation.falls_silent()
    conversation.now += 1
    conversation.pulse.heard(SOUND)
    conversation.now += 1
    conversation.agent_speaks(1)
    conversation.turns.close()
    (_, answer) = turns()

    assert (answer.caller_ended_ms, answer.answer_began_ms) == (2810, 3910)


async def test_a_real_call_is_written_down_turn_by_turn_without_its_words(start_agent, turns):
    """The order number, the transcript and the tool's answer are the caller's own."""
    async with start_agent(ScriptedBrain(GREETING, LOOK_UP)) as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            await ask(line)
            await line.hang_up()
        await world.closed(session_id)
        await until(lambda: len(turns()) > 1)

    greeting, look_up = turns()[:2]
    assert greeting.session_id == look_up.session_id == session_id
    assert greeting.asked_ms <= greeting.answer_began_ms <= greeting.answer_ended_ms
    assert look_up.caller_began_ms < look_up.caller_ended_ms < look_up.answer_began_ms
    assert [tool["tool"] for tool in look_up.tools] == ["order_status"]
    assert look_up.cost_usd > 0
    written = json.dumps([vars(turn) for turn in turns()], default=str)
    assert not [word for word in ("427", "four two seven", "shipped", "Good morning") if word in written]
