"""Start and end of the embedded cloud as a whole."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import pytest

from scripts.embedded.cdk import deployers_environment
from scripts.embedded.cloud import EmbeddedCloud, EmbeddedCloudError
from tests.embedded.conftest import free_base_port
from tests.embedded.waiting import until
from tests.local.conftest import server

ENTERED = """
import sys, threading
from scripts.embedded.cloud import EmbeddedCloud
with EmbeddedCloud(base_port=int(sys.argv[1]), progress=lambda line: None):
    print("entered", flush=True)
    threading.Event().wait()
"""
TELL = """
import os, sys
import boto3

def handler(event, context):
    print(event["line"])
    arn = boto3.client("sts").get_caller_identity()["Arn"]
    return {"environment": dict(os.environ), "path": sys.path, "arn": arn}
"""
CHECKOUT = str(Path.cwd())
METRIC = json.dumps(
    {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [{"Namespace": "Teller", "Dimensions": [[]], "Metrics": [{"Name": "Told"}]}],
        },
        "Told": [1, 2],
    }
)
TRUST = {
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    ]
}


def test_the_bundle_is_fetched_the_deployers_way(monkeypatch):
    """Behind a company's proxy and certificates a deployment must reach the package index, and only that."""
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ssl/company.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.company:3128")
    monkeypatch.setenv("AWS_PROFILE", "production")

    environment = deployers_environment()

    assert environment["SSL_CERT_FILE"] == "/etc/ssl/company.pem"
    assert environment["HTTPS_PROXY"] == "http://proxy.company:3128"
    assert "localhost" in environment["NO_PROXY"]
    assert "AWS_PROFILE" not in environment


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_taken_port_is_named_before_anything_starts(which):
    """The commonest fault on a developer's machine; a traceback from a child would not help."""
    base = free_base_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", base + which))
        other.listen()

        with pytest.raises(EmbeddedCloudError, match=rf"Port {base + which} on 127\.0\.0\.1 is taken"):
            EmbeddedCloud(base_port=base, progress=lambda _line: None).__enter__()


def test_a_cloud_that_ended_left_nothing():
    """No process, no port, no file."""
    with EmbeddedCloud(base_port=free_base_port(), progress=lambda _line: None) as cloud:
        assert cloud.work.exists()
        assert len(cloud.remains()) == 5 + 5 + 1

    assert cloud.remains() == []


def test_a_server_that_dies_is_said():
    """Otherwise the next call fails in a way that looks like the agent's fault; `scripts/local` ends with it."""
    with EmbeddedCloud(base_port=free_base_port(), progress=lambda _line: None) as cloud:
        os.kill(server("bedrock", cloud.ports.bedrock), signal.SIGKILL)

        with pytest.raises(EmbeddedCloudError, match=r"A server ended by itself: bedrock \(exit code 137\)"):
            cloud.stay()


async def test_a_killed_cloud_takes_its_servers_along_and_the_next_one_tidies_up(tmp_path, monkeypatch):
    """SIGKILL runs no cleanup of ours; the servers must end all the same, and no disk may fill up."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    base = free_base_port()
    process = enter_elsewhere(base)

    process.kill()
    process.wait()

    fresh = EmbeddedCloud(base_port=base, progress=lambda _line: None)
    await until(lambda: not fresh.ports.taken())
    assert list(tmp_path.iterdir()), "the killed cloud cannot have removed its folder"
    with fresh:
        assert list(tmp_path.iterdir()) == [fresh.work]


def enter_elsewhere(base):
    """Start a cloud in another process, and return when it is up."""
    command = [sys.executable, "-c", ENTERED, str(base)]
    process = subprocess.Popen(command, cwd=Path.cwd(), stdout=subprocess.PIPE)
    with process.stdout as output:
        assert output.readline() == b"entered\n"
    return process


async def test_a_function_sees_its_own_environment_and_its_roles_keys_and_its_metrics_count(cloud):
    """The door's Lambda must find everything in what was deployed, as on AWS."""
    iam, functions = cloud.client("iam"), cloud.client("lambda")
    role = iam.create_role(RoleName="teller", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    functions.create_function(
        FunctionName="teller",
        Role=role,
        Runtime="python3.13",
        Handler="main.handler",
        Code={"ZipFile": zipped("main.py", TELL)},
        Environment={"Variables": {"DEPLOYED": "yes"}},
    )

    told = json.load(functions.invoke(FunctionName="teller", Payload=json.dumps({"line": METRIC}))["Payload"])

    environment = told["environment"]
    assert environment["DEPLOYED"] == "yes"
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert not [name for name in environment if name.startswith(("HOTLINE_", "PYTHONPATH"))]
    assert CHECKOUT not in told["path"]
    assert ":assumed-role/teller/" in told["arn"]
    metrics = cloud.client("cloudwatch")
    await until(lambda: metrics.list_metrics(Namespace="Teller", MetricName="Told")["Metrics"])


def zipped(name, text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    return buffer.getvalue()
