"""What the developer reads of a call, on the terminal and in the timeline."""

import json

import pytest

from runtime.metrics import TURN_OVER
from scripts.reloading.timeline import Timeline
from scripts.reloading.turn_lines import AgentLogs, line_of

TURN = {
    "message": TURN_OVER,
    "session_id": "hotline-0123456789abcdef",
    "turn": 2,
    "asked_ms": None,
    "caller_began_ms": 3100,
    "caller_ended_ms": 5000,
    "answer_began_ms": 5660,
    "answer_ended_ms": 7900,
    "interrupted": False,
    "tools": [{"tool": "order_status", "began_ms": 5100, "ms": 41.2, "error": ""}],
    "tokens": {"speech_input": 70, "speech_output": 110, "text_input": 20, "text_output": 5},
    "cost_usd": 0.001559,
}
CALL, PRICE = "call abcdef  turn 2", "90+115 tokens  US$0.001559"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {},
            f"{CALL}  caller 3.1-5.0 s  agent 5.7-7.9 s after 660 ms  order_status 41 ms  {PRICE}",
        ),
        (
            {
                "asked_ms": 900,
                "caller_began_ms": None,
                "caller_ended_ms": None,
                "tools": [],
                "interrupted": True,
            },
            f"{CALL}  agent 5.7-7.9 s after 4760 ms, interrupted  {PRICE}",
        ),
        (
            {
                "answer_began_ms": None,
                "answer_ended_ms": None,
                "tools": [{"tool": "order_status", "began_ms": 1, "ms": 4000.4, "error": "TimeoutError"}],
            },
            f"{CALL}  caller 3.1-5.0 s  no answer  order_status 4000 ms (TimeoutError)  {PRICE}",
        ),
    ],
)
def test_a_turn_is_one_line(changes, said):
    """Who spoke when, what the wait was made of, and its price."""
    assert line_of(TURN | changes) == said


def test_the_end_of_a_call_is_a_line_and_other_records_are_none():
    """The sum counts what the model billed after its last word."""
    over = {"SessionDuration": 18.82, "SessionCost": 0.002633, "reason": "hang_up"}

    assert line_of(over | {"session_id": TURN["session_id"]}) == (
        "call abcdef  over after 18.8 s  (hang_up)  US$0.002633 in all"
    )
    assert line_of({"message": "The model's stream was lost."}) == ""


def test_a_log_is_read_as_it_grows(tmp_path):
    """Each record once, none before it is whole, and what a library prints is passed over."""
    logs, file = AgentLogs(tmp_path / "logs"), tmp_path / "logs/session.log"
    assert list(logs.new_records(file)) == []
    whole = json.dumps(TURN)
    file.write_text(f"not JSON\n{whole}\n{whole[:20]}")
    assert list(logs.new_records(file)) == [TURN]
    with file.open("a") as log:
        log.write(f"{whole[20:]}\n")

    assert list(logs.new_records(file)) == [TURN]
    assert list(logs.new_records(file)) == []


def test_the_timeline_is_whole_after_every_turn(tmp_path):
    """Viewers take a list that is not closed, so the file can be looked at while the call is on."""
    file = tmp_path / "trace.json"
    timeline = Timeline(file)
    for record in (TURN, TURN | {"session_id": "another"}, {"message": "Something else."}):
        timeline.add(record)
    events = json.loads(file.read_text().rstrip().removesuffix(",") + "]")

    assert [one["args"]["name"] for one in events if one["name"] == "process_name"] == [
        f"call {TURN['session_id']}",
        "call another",
    ]
    spans = {one["name"]: (one["ts"], one["dur"]) for one in events if one["ph"] == "X"}
    assert spans == {
        "caller 2": (3_100_000, 1_900_000),
        "answer 2": (5_660_000, 2_240_000),
        "order_status": (5_100_000, 41_200),
    }
