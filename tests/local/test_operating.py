"""What an operator does to a deployed stage: a budget that is spent, and sessions that are to end."""

import json
import os
import subprocess
import sys

import pytest

from runtime.door.session import Reason, State
from runtime.door.sessions import new_session_id
from scripts.calling.errors import RefusedError
from scripts.calling.running import announced
from scripts.embedded.address import REGION
from scripts.embedded.clients import make_client
from tests.door.notices import letter
from tests.local.conftest import wait_for


@pytest.fixture(scope="module")
def command(deployed):
    """Run a command as a person would, in an environment that names another account."""

    def run(name, *words):
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "scripts.commands",
                name,
                "--embedded",
                "--port",
                str(deployed.cloud.ports.base),
                *words,
            ],
            env={**os.environ, "AWS_PROFILE": "of-somebody-else", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )

    with announced(deployed.cloud, "embedded"):
        yield run


@pytest.fixture
def call(deployed):
    """A session whose caller has been greeted and holds the line."""
    invitation = deployed.open_session()
    talk = [sys.executable, "-m", "tests.local.stubborn_caller", invitation.url]
    with subprocess.Popen(talk, stdout=subprocess.PIPE, text=True) as caller:
        try:
            assert caller.stdout.readline() == "greeted\n"
            yield invitation.session_id
        finally:
            caller.kill()


def publish_notice(deployed):
    """Tell what Budgets tells when the stage's budget is spent, by the way that it takes."""
    budget = deployed.cloud.outputs("Hotline-embedded-Billing")["BudgetName"]
    budgets = deployed.cloud.client("budgets")
    account = deployed.cloud.client("sts").get_caller_identity()["Account"]
    notification = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 100.0,
        "ThresholdType": "PERCENTAGE",
    }
    subscribers = budgets.describe_subscribers_for_notification(
        AccountId=account, BudgetName=budget, Notification=notification
    )["Subscribers"]
    (topic,) = [one["Address"] for one in subscribers if one["SubscriptionType"] == "SNS"]
    deployed.cloud.client("sns").publish(TopicArn=topic, Message=letter(budget))


def test_a_spent_budget_closes_the_deployed_door_until_somebody_resumes(deployed, command, call):
    """From the budget's own subscriber to the refusal, by the templates that are deployed."""
    open_status = command("budget", "status")
    assert (open_status.returncode, open_status.stderr) == (0, "")
    assert "has never closed it" in open_status.stdout

    publish_notice(deployed)

    closed = wait_for(lambda: (status := command("budget", "status", "--json")).returncode and status)
    assert json.loads(closed.stdout)["switch"]["closed"] is True
    with pytest.raises(RefusedError, match="not taken at the moment; calls that are on go on"):
        deployed.open_session()
    heard_at = deployed.ledger.get(call).heartbeat_at
    wait_for(lambda: deployed.ledger.get(call).heartbeat_at > heard_at)
    assert deployed.ledger.get(call).state is State.ACTIVE

    assert "takes new sessions again" in command("budget", "resume").stdout
    again = deployed.open_session()

    assert command("sessions", "stop", again.session_id).returncode == 0
    assert command("sessions", "stop", call).returncode == 0


def test_an_operator_lists_shows_and_stops_sessions(deployed, command, call):
    """On call at night, with nothing but the repository and rights to the account."""
    listed = command("sessions")
    assert (listed.returncode, call in listed.stdout, "active" in listed.stdout) == (0, True, True)
    shown = command("sessions", "show", call)
    assert "owner" in shown.stdout
    assert json.loads(command("sessions", "show", call, "--json").stdout)["state"] == State.ACTIVE

    stopped = command("sessions", "stop", "--all")

    assert (stopped.returncode, stopped.stdout) == (0, "Stopped 1 session.\n")
    assert deployed.ledger.get(call).reason == Reason.STOPPED
    assert deployed.agents_gone(seconds=60)
    assert json.loads(command("sessions", "list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("show", "hotline-unknown"), 1, "no session 'hotline-unknown'"),
        (("stop", "../x"), 1, "no session id"),
        (("stop",), 2, "needs a session id, or --all"),
        (("stop", "a", "--all"), 2, "no session id"),
        (("list", "a"), 2, "show does"),
        (("show", "a", "b"), 2, "too much"),
        (("hang-up",), 2, "'hang-up' is none of list, show, stop"),
    ],
)
def test_words_that_make_no_sense_stop_nothing(command, words, status, said):
    """`stop` beside a slip of the finger must not end a call."""
    done = command("sessions", *words)

    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr


def test_the_function_that_budgets_reach_can_write_the_switch_and_nothing_else(deployed):
    """Its rights are judged by the keys that it names, here as on AWS."""
    functions = deployed.cloud.client("lambda").list_functions()["Functions"]
    (switch,) = [one for one in functions if one["Handler"].endswith("handle_budget")]
    key = deployed.cloud.identity.role_session(
        role_arn=switch["Role"],
        service="lambda.amazonaws.com",
        source_arn=switch["FunctionArn"],
        session_name="test",
        region=REGION,
        seconds=900,
    )
    tables = make_client(
        "dynamodb",
        url=deployed.cloud.ports.endpoints()["services"],
        region=REGION,
        access_key=key.access_key,
        secret=key.secret,
        session_token=key.session_token,
    )
    table = deployed.deployment.outputs["LedgerTable"]

    def may(operation, session_id, **more):
        try:
            operation(TableName=table, Key={"session_id": {"S": session_id}}, **more)
        except tables.exceptions.ClientError as refused:
            if refused.response["Error"]["Code"] != "AccessDeniedException":
                raise
            return False
        return True

    remove = {"UpdateExpression": "REMOVE nothing"}
    assert may(tables.update_item, "budget-switch", **remove)
    assert not may(tables.update_item, new_session_id(), **remove)
    assert not may(tables.update_item, f"ticket-of-{new_session_id()}", **remove)
    assert not may(tables.update_item, "open-sessions-0", **remove)
    assert not may(tables.get_item, "budget-switch")
