"""Functions that the agent may call: in time, counted, and never the end of the call."""

import asyncio
import io
import json

import pytest

from runtime.cloud import Cloud
from runtime.metrics import MetricWriter
from runtime.tools.order_status import order_status_tool
from runtime.tools.tool import Tool
from runtime.tools.toolbox import SORRY, Toolbox
from tests.runtime.dynamodb import ORDERS


async def never(_: object) -> dict[str, str]:
    await asyncio.Event().wait()
    return {}


async def broken(_: object) -> dict[str, str]:
    raise LookupError("the row says: Mrs Miller, 12 High Street")


def tool(run, **changes: object) -> Tool:
    values = {
        "name": "look_up",
        "description": "Looks up.",
        "parameters": {},
        "deadline_seconds": 0.05,
        "owner": "test team",
        "run": run,
    }
    return Tool(**values | changes)


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


def metrics(written: io.StringIO) -> dict:
    (line,) = written.getvalue().splitlines()
    return json.loads(line)


@pytest.mark.parametrize("run", [never, broken], ids=["too slow", "broken"])
async def test_a_tool_that_fails_gives_the_agent_something_to_say(run, written):
    """The caller hears an apology instead of silence, and the alarm hears of it."""
    answer = await Toolbox([tool(run)], MetricWriter("test", out=written)).call("look_up", {})

    assert answer == SORRY
    assert metrics(written)["ToolErrors"] == 1


async def test_a_failure_is_logged_with_its_owner_and_without_its_words(written, caplog):
    """On-call needs to know whom to ring; an exception's text may hold what a database returned."""
    await Toolbox([tool(broken)], MetricWriter("test", out=written)).call("look_up", {})
    (record,) = caplog.records

    assert (record.owner, record.tool, record.error) == ("test team", "look_up", "LookupError")
    assert "Miller" not in caplog.text


async def test_a_tool_that_the_model_made_up_is_answered(written):
    """Models invent functions; Pipecat ends the stream over it."""
    answer = await Toolbox([], MetricWriter("test", out=written)).call("cancel_everything", {})

    assert answer == SORRY
    assert metrics(written)["ToolErrors"] == 1


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("427", {"order_number": "427", "found": True, "status": "shipped"}),
        ("4 2-7", {"order_number": "427", "found": True, "status": "shipped"}),
        ("428", {"order_number": "428", "found": False}),
    ],
)
async def test_looks_up_an_order(settings, said, answer):
    """Models write numbers as they hear them: with spaces and dashes."""
    assert await order_status_tool(Cloud(settings), ORDERS).run({"order_number": said}) == answer


@pytest.mark.parametrize("said", ["", "my last one", "1" * 13, None])
async def test_asks_again_for_what_is_no_order_number(settings, said):
    """A look-up that cannot succeed costs the caller a wait."""
    answer = await order_status_tool(Cloud(settings), ORDERS).run({"order_number": said})

    assert not answer["found"]
    assert "Ask" in answer["problem"]


async def test_an_outage_of_the_database_is_an_error_of_the_tool(settings, database, written):
    """It must reach the alarm as what it is."""
    database.down = True
    box = Toolbox([order_status_tool(Cloud(settings), ORDERS)], MetricWriter("test", out=written))

    assert await box.call("order_status", {"order_number": "427"}) == SORRY
    assert metrics(written)["ToolErrors"] == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "look up"}, "which Bedrock refuses"),
        ({"name": ""}, "which Bedrock refuses"),
        ({"description": " "}, "no description"),
        ({"deadline_seconds": 0}, "take more than 0 and at most 6"),
        ({"deadline_seconds": 7.0}, "take more than 0 and at most 6"),
        ({"owner": ""}, "no owner"),
    ],
)
def test_a_tool_that_the_model_could_not_call_is_none(wrong, said):
    """It would fail in a call, when somebody waits for it."""
    with pytest.raises(ValueError, match=said):
        tool(never, **wrong)
