"""What a deployer does to a stage, by the commands that they type; the last on their cloud: it takes the stage away."""

import json
import re

import pytest

from scripts.calling.running import announced
from scripts.commands import destroy, doctor
from scripts.deploying.place import Place
from scripts.deploying.stacks import ORDER


@pytest.fixture(scope="module")
def port(deployed):
    """Where commands find the cloud."""
    with announced(deployed.cloud, "embedded"):
        yield deployed.cloud.ports.base


@pytest.fixture
def command(port, monkeypatch, capsys):
    """Run a command as a person types it, in an environment that names another account; return code and output."""
    monkeypatch.setenv("AWS_PROFILE", "of-somebody-else")

    def run(main, *words):
        monkeypatch.setattr("sys.argv", ["command", "--embedded", "--port", str(port), *words])
        return main(), capsys.readouterr()

    return run


def test_the_doctor_says_what_an_embedded_cloud_cannot_answer(command):
    """A rehearsal of the command; quotas and models are AWS's."""
    code, said = command(doctor.main, "--json")

    assert (code, said.err) == (0, "")
    state = {one["checked"]: one["state"] for one in json.loads(said.out)}
    assert {name for name, one in state.items() if one == "ok"} == {
        "Credentials",
        "Configuration",
        "CDK bootstrap in us-east-1",
        "Stacks of the stage",
        "Availability Zones",
        "Lambda: executions to reserve",
    }
    assert "in the way" not in state.values()


def test_the_next_deployment_keeps_the_knobs_of_this_one(deployed, port):
    """Or the door that `scripts/deploy --embedded` makes would believe another issuer, and another cloud."""
    overrides = Place.on_embedded_cloud(port).overrides

    assert overrides == deployed.cloud.overrides
    assert overrides["door"]["heartbeat_lost_seconds"]
    assert overrides["endpoints"] == deployed.cloud.ports.endpoints()
    assert overrides["auth"]["issuer"] == deployed.cloud.ports.issuer_url


def test_destroying_hangs_up_and_leaves_nothing_but_the_bootstrap(deployed, command):
    """Nobody talks to an agent whose account is being emptied, and nothing of the stage is left that costs."""
    deployed.open_session()
    assert command(destroy.main, "--yes", "prod")[0] == 2
    assert len(deployed.cloud.stacks()) > 1

    code, said = command(destroy.main, "--yes", "embedded", "--json")

    told = json.loads(said.out)
    assert (code, told["failed"], told["not_tried"]) == (0, {}, []), said.err
    assert re.search(r"^Stopped [1-9]\d* session", said.err, re.MULTILINE)  # others may have left some
    gone = [name.rpartition("-")[2] for name in told["gone"]]
    assert gone == [one for one in ORDER if one in gone]
    assert {"Billing", "Monitoring", "Door", "Runtime", "Turn", "Network"} <= set(gone)
    assert all(one["usd_a_month"] == 0 for one in told["left"]), told["left"]
    assert deployed.cloud.stacks() == ["CDKToolkit"]
    assert deployed.agents_gone(seconds=60)
    assert command(destroy.main)[0] == 0
