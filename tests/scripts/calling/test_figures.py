"""What a person reads of a call's figures: nothing that was not measured."""

import pytest

from scripts.calling.figures import CallFigures

MEASURED = {
    "stage": "embedded",
    "session_id": "hotline-1",
    "said": "where is my order",
    "join_seconds": 0.5,
    "voice_to_voice_seconds": 0.4,
    "call_seconds": 9.0,
    "ledger_seconds": 8.0,
    "reason": "hang_up",
    "interruptions": 0,
    "speech_input_tokens": 1,
    "speech_output_tokens": 1,
    "text_input_tokens": 1,
    "text_output_tokens": 1,
    "cost_usd": 0.001,
}


@pytest.mark.parametrize(("transport", "told", "shown"), [("websocket", 1, ["1"]), ("twilio", None, [])])
def test_tools_that_the_line_is_not_told_of_are_not_shown_as_none(transport, told, shown):
    """A phone is told nothing but audio: "Tools called 0" would be a lie about a call whose tool answered."""
    figures = CallFigures(transport=transport, tool_calls=told, **MEASURED)

    assert [value for name, value in figures.rows() if name == "Tools called"] == shown
