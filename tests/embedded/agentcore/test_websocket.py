"""Frames and ends of a WebSocket, as they pass through the data plane."""

import asyncio
import contextlib

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from scripts.embedded.agentcore.forwarding import FRAME_BYTES
from tests.embedded.waiting import until


async def closed_with(line):
    """Wait until *line* is closed and return the code."""
    async with asyncio.timeout(20):
        with contextlib.suppress(ConnectionClosed):
            async for _frame in line:
                pass
    return line.close_code


@pytest.fixture
async def line(plane, session_id):
    async with connect(plane.invitation(session_id), proxy=None, max_size=None) as one:
        yield one


async def test_a_frame_at_the_limit_passes_and_one_beyond_it_ends_the_line(line):
    """AgentCore cuts at 32 KB; audio sent in larger frames would work here and fail there."""
    await line.send(bytes(FRAME_BYTES))
    assert await line.recv() == str(FRAME_BYTES)

    await line.send(bytes(FRAME_BYTES + 1))

    assert await closed_with(line) == 1009


async def test_the_agents_frames_have_the_same_limit(line):
    """The limit holds both ways."""
    await line.send(f"send {FRAME_BYTES + 1}")

    assert await closed_with(line) == 1009


async def test_the_agents_close_code_reaches_the_caller(line):
    """Clients decide by the code whether to call again."""
    await line.send("close 4001")

    assert await closed_with(line) == 4001


async def test_a_crash_of_the_agent_is_an_internal_error_to_the_caller(line):
    """A caller must hear of a crash at once, and not by silence."""
    await line.send("crash")

    assert await closed_with(line) == 1011


async def test_stopping_a_session_closes_its_line(line, plane, session_id):
    """DELETE at the door hangs up, whatever the agent is doing."""
    await plane.stop(session_id)

    assert await closed_with(line) == 1001


async def test_the_agent_learns_whether_the_caller_hung_up_or_vanished(plane, session_id):
    """A line that broke must not look like a polite goodbye."""
    async with connect(plane.invitation(session_id), proxy=None):
        pass
    await until(lambda: "caller closed with 1000" in plane.printed(session_id))

    vanishing = await connect(plane.invitation(session_id), proxy=None)
    vanishing.transport.abort()
    await until(lambda: "caller closed with 1005" in plane.printed(session_id))
