"""`scripts/local` as a person runs it: in a terminal, with Ctrl-C, on a machine where something is wrong."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.calling.running import running_file
from scripts.embedded.cloud import Ports
from tests.embedded.conftest import free_base_port
from tests.local.conftest import command, processes_in

LOCAL = [sys.executable, "-m", "scripts.commands.local"]


@pytest.fixture
def private_folder(tmp_path):
    """Where all temporary files of the command go, so that what it leaves can be seen."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def environment(folder):
    return {**os.environ, "TMPDIR": str(folder)}


def test_ctrl_c_leaves_no_process_port_or_file(private_folder):
    """Whoever tries this on their own machine gets it back as it was."""
    port = free_base_port()
    with subprocess.Popen(
        [*LOCAL, "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(private_folder),
    ) as local:
        said = []
        for line in local.stdout:
            said.append(line)
            if "Ctrl-C ends it" in line:
                break
        assert json.loads(running_file(port).read_text())["process"] == local.pid, "".join(said)
        local.send_signal(signal.SIGINT)
        said += local.stdout

    assert local.returncode == 0, "".join(said)
    assert any(f"--embedded --port {port}" in line for line in said)
    assert not running_file(port).exists()
    assert not list(private_folder.iterdir())
    assert not [one for one in processes_in(Path("/")) if str(port) in command(one)]
    for one in (Ports(port).services, Ports(port).bedrock, Ports(port).agentcore):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", one)) != 0


def test_a_taken_port_is_said_in_one_sentence(private_folder):
    """A second `scripts/local`, or any other program, must not end in a traceback."""
    port = free_base_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + 1))
        other.listen()
        done = subprocess.run(
            [*LOCAL, "--call", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment(private_folder),
        )

    assert done.returncode == 1
    assert f"Port {port + 1} on 127.0.0.1 is taken" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(private_folder.iterdir())
