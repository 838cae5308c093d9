"""An agent, a caller and the model, each killed in the middle of a call: what is left of it.

The accidents happen together and once, because what ends the sessions are timers of a minute.
"""

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass

import pytest

from runtime.door.session import Reason

REAPED_SECONDS = 180
"""Half a minute until the heartbeat counts as lost, a minute until the reaper looks, and a margin."""
IDLE_SECONDS = 150
"""AgentCore keeps an agent for a minute after its last call, and stops it politely."""


@dataclass
class Victim:
    session_id: str
    caller: subprocess.Popen
    agent: int

    def last_words(self, *, seconds):
        """Wait for the caller to end by itself, and return what it said."""
        return self.caller.communicate(timeout=seconds)[0].strip()


def call(deployed, stack):
    """Place a call in a process of its own, up to the end of the greeting."""
    before = set(deployed.agents())
    invitation = deployed.open_session()
    talk = [sys.executable, "-m", "tests.local.stubborn_caller", invitation.url]
    caller = stack.enter_context(subprocess.Popen(talk, stdout=subprocess.PIPE, text=True))
    stack.callback(caller.kill)
    assert caller.stdout.readline() == "greeted\n"
    (agent,) = set(deployed.agents()) - before
    return Victim(invitation.session_id, caller, agent)


@pytest.fixture(scope="module")
def accidents(deployed):
    with contextlib.ExitStack() as stack:
        # Each at once: a caller who says nothing for a minute is hung up on.
        victims = {"agent": call(deployed, stack)}
        os.kill(victims["agent"].agent, signal.SIGKILL)
        victims["caller"] = call(deployed, stack)
        victims["caller"].caller.kill()
        victims["model"] = call(deployed, stack)
        deployed.closed_row(victims["caller"].session_id, seconds=60)
        os.kill(deployed.bedrock(), signal.SIGKILL)
        yield victims


def test_a_killed_caller_ends_the_session(deployed, accidents):
    """A laptop that is shut in mid-call must not keep a model stream open, which costs by the second."""
    row = deployed.closed_row(accidents["caller"].session_id, seconds=1)

    assert row.reason == Reason.CALLER_GONE
    assert row.cost_usd > 0


def test_a_caller_whose_model_is_gone_is_let_go(deployed, accidents):
    """Silence is no answer: the call ends, and the ledger says why."""
    row = deployed.closed_row(accidents["model"].session_id, seconds=60)

    assert row.reason == Reason.MODEL_UNAVAILABLE
    assert "The call ended early" in accidents["model"].last_words(seconds=30)


def test_a_caller_whose_agent_is_gone_knows_at_once(accidents):
    """Nobody listens to a dead line."""
    assert "The call ended early" in accidents["agent"].last_words(seconds=30)


def test_the_reaper_closes_the_row_of_a_killed_agent(deployed, accidents):
    """The agent can no longer say that it ended, and its place must not be lost for ever."""
    row = deployed.closed_row(accidents["agent"].session_id, seconds=REAPED_SECONDS)

    assert row.reason == Reason.AGENT_LOST
    assert not list(deployed.ledger.open_sessions())


@pytest.mark.usefixtures("accidents")
def test_no_agent_stays(deployed):
    """Whatever broke, AgentCore finds an idle agent and ends it."""
    assert deployed.agents_gone(seconds=IDLE_SECONDS)
