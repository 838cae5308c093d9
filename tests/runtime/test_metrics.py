"""The list of metrics, against the page, the format and a real call."""

import asyncio
import io
import json
import re
import time

import pytest

from runtime.metrics import (
    JITTER,
    METRICS,
    NAMESPACE,
    PACKET_LOSS,
    ROUND_TRIP_TIME,
    SESSION_COST,
    SESSION_DURATION,
    MetricWriter,
)
from scripts.commands.metrics_table import PAGE, render
from scripts.embedded.bedrock.faults import Faults
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from tests.runtime.browser import Browser
from tests.runtime.conftest import GREETING, ask, greeted, speak, until

LOOK_UP = Scripted(tool=("order_status", {"order_number": "427"}), says="{result}", tone_seconds=4)
ANSWER = Scripted(says="Fine.", tone_seconds=0.3)

OF_WEBRTC = (JITTER, PACKET_LOSS, ROUND_TRIP_TIME)
"""Metrics of the agent's that a call over WebSocket has none of."""


@pytest.fixture
def emitted() -> io.StringIO:
    return io.StringIO()


def test_the_page_lists_what_the_code_does():
    """Alarms and runbooks are read at night; run scripts/metrics-table."""
    assert PAGE.read_text() == render()


def test_names_are_unique_and_cloudwatchs_own_style():
    """Two metrics of one name are one wrong metric."""
    names = [metric.name for metric in METRICS]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"([A-Z][a-z]+)+", name) for name in names)


def test_a_line_is_an_embedded_metric(emitted):
    """CloudWatch takes a malformed line for text, and the alarm on it for missing data."""
    before = int(time.time() * 1000)
    MetricWriter("prod", out=emitted).write({SESSION_DURATION: 12.5, SESSION_COST: 0.01}, reason="idle")
    (line,) = map(json.loads, emitted.getvalue().splitlines())
    (directive,) = line["_aws"]["CloudWatchMetrics"]

    assert before <= line["_aws"]["Timestamp"] <= before + 60_000
    assert directive["Namespace"] == NAMESPACE
    assert directive["Dimensions"] == [["Stage"]]
    assert {"Name": "SessionDuration", "Unit": "Seconds"} in directive["Metrics"]
    assert (line["Stage"], line["SessionDuration"], line["reason"]) == ("prod", 12.5, "idle")
    assert all(metric["Name"] in line for metric in directive["Metrics"])


async def test_a_call_emits_every_metric_of_the_agents(start_agent):
    """A metric that is listed and never sent is an alarm that never rings."""
    async with start_agent(ScriptedBrain(GREETING, LOOK_UP, ANSWER)) as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            spoke = await speak(line)
            await until(lambda: line.ear.first_audible_after(spoke))
            await ask(line)  # over the answer
            await line.hang_up()
        await world.closed(session_id)
        await until(lambda: world.metrics("SessionDuration"))

    for metric in METRICS:
        if "agent" in metric.emitted_by and metric not in OF_WEBRTC:
            assert world.metrics(metric.name), metric.name
    assert world.metrics("Interruptions") == [1]
    assert world.metrics("FailedCalls") == [0]
    assert all(0 < value < 60_000 for value in world.metrics("VoiceToVoiceLatency"))


async def test_a_call_over_webrtc_tells_how_the_callers_voice_travelled(start_agent):
    """The browser knows what reaches the caller; what the agent misses of the caller, only the agent knows."""
    async with start_agent() as world:
        session_id = world.open_session("webrtc")
        async with Browser(world, session_id) as browser:
            await browser.call()
            await browser.hear()
            (session,) = world.agent._signaling._sessions.values()
            await until_reported(session._line.peer)
        await world.closed(session_id)
        await until(lambda: world.metrics("PacketLoss"))

    assert world.metrics("PacketLoss") == [0]
    assert 0 <= world.metrics("Jitter")[0] < 1000
    assert 0 < world.metrics("RoundTripTime")[0] < 1000


async def until_reported(peer):
    """Wait for the browser's first report of the agent's voice; RTCP takes some seconds."""
    async with asyncio.timeout(20):
        while (await peer.measured()).round_trip_milliseconds is None:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.1)


async def test_a_call_without_its_model_counts_as_failed(start_agent):
    """Callers hear the line break off, and nothing else would tell anybody."""
    async with start_agent(faults=Faults(refuse=1000)) as world, world.call() as line:
        await until(lambda: line.ear.lost, seconds=25)
        await until(lambda: world.metrics("FailedCalls") == [1])


async def test_a_call_that_the_agent_breaks_counts_as_failed(start_agent, monkeypatch):
    """A fault of ours must wake one of us."""

    def broken(_call: object) -> None:
        raise ZeroDivisionError

    async with start_agent() as world, world.call() as line:
        await greeted(line)
        monkeypatch.setattr("runtime.call.Call._reached_cap", broken)
        await until(lambda: line.ear.lost)
        await until(lambda: world.metrics("FailedCalls") == [1])


async def test_voice_to_voice_is_what_the_caller_hears(start_agent):
    """A dashboard that flatters the agent is worse than none: it must agree with the caller's own clock."""
    slow = Scripted(says="Let me think.", think_ms=400, tone_seconds=0.3)
    async with start_agent(ScriptedBrain(GREETING, slow)) as world, world.call() as line:
        await greeted(line)
        waited = await ask(line)
        (measured,) = world.metrics("VoiceToVoiceLatency")

    assert measured / 1000 == pytest.approx(waited, abs=0.25)
    assert measured >= 600  # 200 ms of silence that end the turn, 400 ms of thought
