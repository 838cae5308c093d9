"""What a function of the door does while Lambda starts it: docs/decisions/door-start.md."""

import subprocess
import sys
from pathlib import Path

import pytest

from runtime.settings.guests import GuestGateSettings
from tests.door.settings import settings_of_a_door

ROOT = Path(__file__).parents[2]
KEY = "arn:aws:kms:us-east-1:111122223333:key/0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}
ALL = "authorizer, budget_handler, handlers, telephony.handler"


@pytest.fixture
def started(tmp_path):
    """Start a process with nothing in its environment but this, and return what it prints."""

    def start(program: str, environment: dict[str, str]) -> str:
        return subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), **environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    return start


def test_nothing_is_imported_that_only_boto3_needs(started):
    """A caller waits for every import of a cold start."""
    modules = ", ".join(f"runtime.door.{one}" for one in ALL.split(", "))
    program = f"import sys, {modules}; print(sorted({{'boto3', 's3transfer'}} & sys.modules.keys()))"

    assert started(program, {}) == "[]\n"


def test_a_start_makes_what_the_first_caller_would_wait_for(started):
    """And asks nobody: the process has no network here that leads anywhere."""
    environment = settings_of_a_door(agentcore_url="http://127.0.0.1:9").to_environment()
    gate = GuestGateSettings(stage="test", region="us-east-1", invite_key=KEY).to_environment()
    program = (
        "from runtime.door import authorizer, handlers;"
        "made = (handlers._dynamodb, handlers._agentcore, authorizer._verifier);"
        "print([one.cache_info().currsize for one in made])"
    )

    assert started(program, {**environment, **gate, **CREDENTIALS}) == "[1, 1, 1]\n"


def test_a_start_without_settings_leaves_it_to_the_first_event_to_say_so(started):
    """A process that cannot start says nothing that a caller, or an operator, could read."""
    program = "from runtime.door import handlers; print(handlers._agentcore.cache_info().currsize)"

    assert started(program, {}) == "0\n"
