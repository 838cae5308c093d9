"""Spoken calls against everything that is deployed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from runtime.door.session import Reason, State
from runtime.metrics import DIMENSION, NAMESPACE
from scripts.calling.caller import Caller, Patience
from scripts.calling.errors import NoAnswerError, NoPathError
from scripts.calling.progress import Progress
from scripts.calling.rehearsal import rehearse
from scripts.calling.running import announced
from scripts.calling.voice import spoken
from tests.local.conftest import judged, wait_for

DIAL = [sys.executable, "-m", "scripts.commands", "call", "--embedded"]


async def rehearsed(deployed, **how):
    """Place a spoken call, as `scripts/local --call` does."""
    progress, metrics = Progress(Console(quiet=True)), deployed.cloud.client("cloudwatch")
    return await judged(lambda: rehearse(deployed.deployment, metrics, progress, **how))


async def test_a_spoken_question_gets_the_status_that_the_table_holds(deployed):
    """The main job: door, agent, model, tool, ledger and metrics, all real, judged by ear."""
    verdict = await rehearsed(deployed)

    figures = verdict.figures
    assert verdict.heard.startswith(f"order {' '.join(figures.said.split()[-3:])}")
    assert figures.tool_calls == 1
    assert 0 < figures.voice_to_voice_seconds < figures.ledger_seconds < figures.call_seconds
    assert figures.join_seconds < figures.call_seconds


async def test_a_call_over_webrtc_goes_through_a_relay_and_is_judged_the_same(deployed):
    """What the kit is for: credentials, relays, media and data channel, from the door to the figures."""
    metrics = deployed.cloud.client("cloudwatch")

    verdict = await rehearsed(deployed, transport="webrtc")

    figures, path = verdict.figures, verdict.figures.path
    assert verdict.heard.startswith(f"order {' '.join(figures.said.split()[-3:])}")
    assert (figures.transport, figures.tool_calls) == ("webrtc", 1)
    assert (path.policy, path.local_type, path.relay_protocol) == ("relay", "relay", "udp")
    assert path.relay_url.startswith(f"turn:127.0.0.1:{deployed.cloud.ports.relay}")
    assert path.packets_received > 50
    assert path.jitter_milliseconds is not None
    assert path.round_trip_milliseconds > 0
    assert figures.emulated_relays.startswith("Kinesis Video, which issues credentials, is emulated; ")
    assert deployed.cloud.relay_program in figures.emulated_relays
    assert wait_for(lambda: total(metrics, "IceOutcome"), seconds=60) >= 1


def total(metrics, name):
    """Sum of a metric's values."""
    now = datetime.now(UTC)
    answer = metrics.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=name,
        Dimensions=[{"Name": DIMENSION, "Value": "embedded"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum"],
    )
    return sum(one["Sum"] for one in answer["Datapoints"])


def test_a_finished_call_leaves_no_agent(deployed):
    """On AWS an agent that stays after its call is memory that is paid for."""
    deployed.agents_gone(seconds=60)


async def test_a_call_that_fails_still_ends_its_session(deployed):
    """A nightly job that gives up must not leave a session open behind it, night after night."""
    hasty = Caller(deployed.deployment, patience=Patience(greeting=0.001))

    with pytest.raises(NoAnswerError):
        await hasty.call(await spoken("hello"), said="hello")

    assert not list(deployed.ledger.open_sessions())
    deployed.agents_gone(seconds=60)


@pytest.mark.parametrize("transport", ["websocket", "webrtc"])
def test_ctrl_c_hangs_up(deployed, transport):
    """Whoever loses patience with a call does not pay for the rest of it."""
    with announced(deployed.cloud, "embedded"):
        dial = [*DIAL, "--port", str(deployed.cloud.ports.base), "--transport", transport]
        with subprocess.Popen(dial, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as caller:
            wait_for(lambda: [one.state for one in deployed.ledger.open_sessions()] == [State.ACTIVE])
            caller.send_signal(signal.SIGINT)
            said = caller.communicate(timeout=120)[1]

    assert (caller.returncode, said) == (130, "call: hung up.\n")
    assert not list(deployed.ledger.open_sessions())
    deployed.agents_gone(seconds=60)


def test_the_command_dials_what_another_command_deployed(deployed, tmp_path):
    """`scripts/call --embedded` in a second terminal, with figures for a machine to read."""
    report = tmp_path / "call.json"
    with announced(deployed.cloud, "embedded"):
        done = subprocess.run(
            [*DIAL, "--port", str(deployed.cloud.ports.base), "--json", report],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert json.loads(report.read_text())["reason"] == Reason.HANG_UP


async def test_without_a_relay_a_call_fails_in_words_and_leaves_nothing(deployed):
    """Who hears only silence learns nothing."""
    with (
        frozen(deployed.relay()),
        pytest.raises(NoPathError, match="ways to a relay works"),
    ):
        await Caller(deployed.deployment, transport="webrtc").call(await spoken("hello"), said="hello")

    assert not list(deployed.ledger.open_sessions())
    deployed.agents_gone(seconds=60)


@contextlib.contextmanager
def frozen(process):
    """Keep a process and its children from answering; others of this cloud need them afterwards."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    group = [process, *map(int, children)]
    for one in group:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in group:
            os.kill(one, signal.SIGCONT)
