"""Spoken calls against everything that is deployed."""

import json
import subprocess
import sys

from rich.console import Console

from runtime.door.session import Reason
from scripts.calling.progress import Progress
from scripts.calling.rehearsal import rehearse
from scripts.calling.running import announced


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


def test_the_command_dials_what_another_command_deployed(deployed, tmp_path):
    """`scripts/call --embedded` in a second terminal, with figures for a machine to read."""
    report = tmp_path / "call.json"
    dial = [sys.executable, "-m", "scripts.commands.call", "--embedded"]
    with announced(deployed.cloud, "embedded"):
        done = subprocess.run(
            [*dial, "--port", str(deployed.cloud.ports.base), "--json", report],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert json.loads(report.read_text())["reason"] == Reason.HANG_UP
