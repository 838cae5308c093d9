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
from scripts.commands import local
from scripts.embedded.address import Ports
from tests.embedded.conftest import free_base_port
from tests.local.conftest import command, processes_in

LOCAL = [sys.executable, "-m", "scripts.commands", "local"]


@pytest.fixture
def private_folder(tmp_path):
    """Where all temporary files of the command go, so that what it leaves can be seen."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def environment(folder):
    return {**os.environ, "TMPDIR": str(folder)}


def start(port, folder):
    """Run `scripts/local` up to the moment when it waits; return it and what it has said."""
    running = subprocess.Popen(
        [*LOCAL, "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(folder),
    )
    said = []
    for line in running.stdout:
        said.append(line)
        if "Ctrl-C ends it" in line:
            break
    return running, said


def assert_nothing_left(port, folder):
    assert not running_file(port).exists()
    assert not list(folder.iterdir())
    assert not [one for one in processes_in(Path("/")) if str(port) in command(one)]
    for one in (Ports(port).services, Ports(port).bedrock, Ports(port).agentcore):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", one)) != 0


def test_ctrl_c_leaves_no_process_port_or_file(private_folder):
    """Whoever tries this on their own machine gets it back as it was."""
    port = free_base_port()
    running, said = start(port, private_folder)
    with running:
        assert running_file(port).exists(), "".join(said)
        assert json.loads(running_file(port).read_text())["process"] == running.pid
        running.send_signal(signal.SIGINT)
        said += running.stdout

    assert running.returncode == 0, "".join(said)
    assert any(f"--embedded --port {port}" in line for line in said)
    assert_nothing_left(port, private_folder)


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
            timeout=120,
            check=False,
            env=environment(private_folder),
        )

    assert done.returncode == 1
    assert f"Port {port + 1} on 127.0.0.1 is taken" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(private_folder.iterdir())


def test_a_full_disk_is_said_before_anything_is_started(monkeypatch):
    """Half a deployment on a full disk fails in a hundred ways, none of which names the disk."""
    monkeypatch.setattr(local, "DISK_NEEDED_BYTES", 2**60)

    with pytest.raises(local.LocalError, match=r"MiB free in .* Nothing was started; free some space"):
        local.check_disk()
