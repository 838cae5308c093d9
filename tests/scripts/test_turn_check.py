"""`scripts/turn-check`: the verdict is the relay's, the exit code is for machines, the words are for people."""

import json
import os
import subprocess
import sys
import time

import pytest

from scripts.calling.running import announced
from scripts.embedded.cloud import EmbeddedCloud
from tests.embedded.conftest import free_base_port
from turn.credentials import password_for, username_for
from turn.settings import CoturnSettings, ExternalTurnSettings, ManagedTurnSettings, to_environment

NOTHING = {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
CHANNEL = {"Channel": {"Type": "AWS::KinesisVideo::SignalingChannel", "Properties": {}}}
SECRET = "a secret of this test only"
OFTEN = {"Delay": 0.05, "MaxAttempts": 600}


@pytest.fixture(scope="module")
def cloud():
    with EmbeddedCloud(base_port=free_base_port(), progress=lambda _line: None) as running:
        deploy(running, "Runtime", NOTHING)
        deploy(running, "Door", NOTHING)
        with announced(running, "embedded"):
            yield running


@pytest.fixture
def deploy_with(cloud):
    """Updates stack Door to the relays that a test wants."""

    def deploy_them(*sources):
        update(cloud, json.dumps(to_environment(sources)))

    yield deploy_them
    update(cloud)


def deploy(cloud, stack, resources):
    client, name = cloud.client("cloudformation"), f"Hotline-embedded-{stack}"
    client.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=OFTEN)


def update(cloud, settings=None):
    client, name = cloud.client("cloudformation"), "Hotline-embedded-Door"
    outputs = {"RelaySettings": {"Value": settings}} if settings else {}
    client.update_stack(StackName=name, TemplateBody=json.dumps({"Resources": NOTHING, "Outputs": outputs}))
    client.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig=OFTEN)


def run(cloud, *arguments):
    """Run the command as a person would, in an environment that names another account."""
    command = [sys.executable, "-m", "scripts.commands", "turn_check", "--embedded", "--packets", "20"]
    return subprocess.run(
        [*command, "--port", str(cloud.ports.base), *map(str, arguments)],
        env={**os.environ, "AWS_PROFILE": "of-somebody-else", "AWS_SESSION_TOKEN": "x", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def managed_pool(cloud):
    client = cloud.client("cloudformation")
    template = json.dumps(
        {"Resources": CHANNEL, "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Channel", "Arn"]}}}}
    )
    client.create_stack(StackName="pool", TemplateBody=template)
    client.get_waiter("stack_create_complete").wait(StackName="pool", WaiterConfig=OFTEN)
    return ManagedTurnSettings(channel_arns=(cloud.outputs("pool")["Arn"],))


def test_a_healthy_pool_passes_with_figures_for_every_url(cloud, deploy_with, tmp_path):
    """CI reads the exit code, a dashboard the JSON, a person the table."""
    deploy_with(managed_pool(cloud))

    done = run(cloud, "--json", tmp_path / "check.json")

    assert (done.returncode, done.stderr) == (0, "")
    # Nobody may take a laptop's figures for those of Kinesis Video.
    assert f"by the embedded cloud, relayed by {cloud.relay_program}" in done.stdout
    check = json.loads((tmp_path / "check.json").read_text())
    assert (check["passed"], check["kind"], check["credentials_lifetime_seconds"]) == (True, "managed", 300)
    udp, tls = check["ways"]
    assert udp["url"] == f"turn:127.0.0.1:{cloud.ports.relay}?transport=udp"
    assert tls["url"] == f"turns:127.0.0.1:{cloud.ports.relay}?transport=tcp"
    for way in (udp, tls):
        assert 0 < way["round_trip_milliseconds"] <= way["round_trip_p95_milliseconds"] < 1000
        assert (way["packets_sent"], way["packets_lost"], way["lifetime_seconds"]) == (20, 0, 600)
        assert way["url"] in done.stdout


def test_one_dead_url_of_two_fails_the_check_and_has_its_reason(cloud, deploy_with):
    """A canary must bark although calls still work by the other way."""
    username = username_for("static", expires_at=int(time.time()) + 60)
    key = {
        "urls": [f"turn:127.0.0.1:{cloud.ports.relay}?transport=tcp", "turn:127.0.0.1:1?transport=tcp"],
        "username": username,
        "credential": password_for(username, secret=relay_secret(cloud)),
    }
    deploy_with(ExternalTurnSettings(provider="static", secret_arn=stored(cloud, "static", json.dumps(key))))

    done = run(cloud)

    assert done.returncode == 1
    assert "turn:127.0.0.1:1?transport=tcp cannot be reached (ConnectionRefusedError)" in done.stdout
    assert key["credential"] not in done.stdout + done.stderr


def test_relays_that_stand_by_are_checked_before_they_are_needed(cloud, deploy_with):
    """A fallback that nobody ever tried is none; and one that is not there is not said to work."""
    nobody = ManagedTurnSettings(channel_arns=("arn:aws:kinesisvideo:us-east-1:000000000000:channel/gone/1",))
    url = f"turn:127.0.0.1:{cloud.ports.relay}?transport=tcp"
    username = username_for("static", expires_at=int(time.time()) + 60)
    key = {
        "urls": [url],
        "username": username,
        "credential": password_for(username, secret=relay_secret(cloud)),
    }
    arn = stored(cloud, "standing-by", json.dumps(key))
    deploy_with(nobody, ExternalTurnSettings(provider="static", secret_arn=arn))

    good, none = run(cloud, "--fallback", 1), run(cloud, "--fallback", 2)

    assert (good.returncode, url in good.stdout, "external relays" in good.stdout) == (0, True, True)
    assert none.returncode == 2
    assert "Stage embedded has no fallback 2: its turn.fallback names 1." in none.stderr


def test_relays_of_our_own_take_the_secret_that_the_stage_deployed(cloud, deploy_with):
    """What the door derives from it opens them; a wrong one is named as such."""
    arn = stored(cloud, "shared", SECRET)
    settings = CoturnSettings(addresses=("127.77.0.1",), realm="turn.x.test", secret_arn=arn)
    cloud._deployed_relays.follow(settings)
    deploy_with(settings)

    good = run(cloud)
    cloud.client("secretsmanager").put_secret_value(SecretId=arn, SecretString="another one")
    bad = run(cloud)

    (line,) = [one for one in good.stdout.splitlines() if "turn:127.77.0.1:3478" in one]
    assert line.strip().startswith(tuple("0123456789"))
    assert bad.returncode == 1
    assert "The password is wrong or expired" in bad.stdout


def test_relays_that_a_stage_has_no_longer_are_ended(cloud):
    """Otherwise a laptop would go on relaying for a deployment that is gone."""
    arn = stored(cloud, "ended", SECRET)
    cloud._deployed_relays.follow(
        CoturnSettings(addresses=("127.77.0.2",), realm="turn.x.test", secret_arn=arn)
    )
    (child,) = [one for one in cloud._children if one.name == "turn-127.77.0.2"]
    assert child.exit_code is None

    cloud._deployed_relays.follow(ManagedTurnSettings(channel_arns=()))

    assert child.exit_code == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (None, "has no stack Hotline-embedded-Door with an output RelaySettings"),
        (
            ManagedTurnSettings(
                channel_arns=("arn:aws:kinesisvideo:us-east-1:000000000000:channel/gone/1700000000000",)
            ),
            "There is no signaling channel gone any more",
        ),
    ],
    ids=["not deployed", "no channel"],
)
def test_what_cannot_be_checked_is_no_failed_check(cloud, request, settings, said):
    """Whoever is paged should know whether relays are down or the question was wrong."""
    if settings:
        request.getfixturevalue("deploy_with")(settings)

    done = run(cloud)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_embedded_cloud_is_said():
    """The commonest mistake: the other terminal was closed."""
    command = [sys.executable, "-m", "scripts.commands", "turn_check", "--embedded", "--port", "9"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert "No embedded cloud is running at port 9" in done.stderr


def stored(cloud, name, text):
    return cloud.client("secretsmanager").create_secret(Name=name, SecretString=text)["ARN"]


def relay_secret(cloud):
    return next(iter(cloud._servers._relay_secret.values()))
