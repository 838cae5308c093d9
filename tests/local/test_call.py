"""Spoken calls against everything that is deployed."""

import json
import signal
import subprocess
import sys

import pytest
from rich.console import Console

from runtime.door.session import Reason, State
from scripts.calling.caller import Caller, Patience
from scripts.calling.errors import NoAnswerError
from scripts.calling.progress import Progress
from scripts.calling.rehearsal import rehearse
from scripts.calling.running import announced
from scripts.calling.voice import spoken
from tests.local.conftest import wait_for

DIAL = [sys.executable, "-m", "scripts.commands.call", "--embedded"]


async def test_a_spoken_question_gets_the_status_that_the_table_holds(deployed):
    """The main job: door, agent, model, tool, ledger and metrics, all real, judged by ear."""
    progress = Progress(Console(quiet=True))

    verdict = await rehearse(deployed.deployment, deployed.cloud.client("cloudwatch"), progress)

    figures = verdict.figures
    assert verdict.heard.startswith(f"order {' '.join(figures.said.split()[-3:])}")
    assert figures.tool_calls == 1
    assert 0 < figures.voice_to_voice_seconds < figures.ledger_seconds < figures.call_seconds
    assert figures.join_seconds < figures.call_seconds


def test_a_finished_call_leaves_no_agent(deployed):
    """On AWS an agent that stays after its call is memory that is paid for."""
    deployed.agents_gone(seconds=20)


async def test_a_call_that_fails_still_ends_its_session(deployed):
    """A nightly job that gives up must not leave a session open behind it, night after night."""
    hasty = Caller(deployed.deployment, patience=Patience(greeting=0.001))

    with pytest.raises(NoAnswerError):
        await hasty.call(await spoken("hello"), said="hello")

    assert not list(deployed.ledger.open_sessions())
    deployed.agents_gone(seconds=20)


def test_ctrl_c_hangs_up(deployed):
    """Whoever loses patience with a call does not pay for the rest of it."""
    with announced(deployed.cloud, "embedded"):
        dial = [*DIAL, "--port", str(deployed.cloud.ports.base)]
        with subprocess.Popen(dial, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as caller:
            wait_for(lambda: [one.state for one in deployed.ledger.open_sessions()] == [State.ACTIVE])
            caller.send_signal(signal.SIGINT)
            said = caller.communicate(timeout=60)[1]

    assert (caller.returncode, said) == (130, "call: hung up.\n")
    assert not list(deployed.ledger.open_sessions())
    deployed.agents_gone(seconds=20)


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
