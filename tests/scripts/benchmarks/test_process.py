"""What is measured of a process, against a process."""

import os
import sys

import pytest

from scripts.benchmarks.errors import BenchmarkError
from scripts.benchmarks.process import free_port, own_environment, served

SLOW_TO_BE_HEALTHY = """
import http.server, sys
asked = []
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        self.send_response(200 if len(asked) > 3 else 503)
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def test_answering_is_not_being_healthy(tmp_path):
    """An agent that says 503 while it imports is up, but cannot be called yet."""
    port = free_port()
    command = [sys.executable, "-c", SLOW_TO_BE_HEALTHY, str(port)]
    with served(
        command, port=port, environment=own_environment(), folder=tmp_path, log=tmp_path / "log"
    ) as server:
        answered, healthy = server.await_ping(), server.await_health()

        assert healthy > answered
        assert 0 < server.resident_mebibytes() <= server.peak_mebibytes()
    with pytest.raises(ProcessLookupError):
        os.kill(server.process.pid, 0)


def test_a_server_that_ends_says_why(tmp_path):
    """A benchmark that waits for a dead process would only say that it took long."""
    command = [sys.executable, "-c", "raise SystemExit('no such table')"]
    with (
        served(command, port=free_port(), environment={}, folder=tmp_path, log=tmp_path / "log") as server,
        pytest.raises(BenchmarkError, match="no such table"),
    ):
        server.await_ping()


def test_nothing_of_the_deployers_reaches_a_contender(monkeypatch):
    """An AWS profile or a Python switch of one developer must not decide a benchmark."""
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    assert not {"AWS_PROFILE", "PYTHONDONTWRITEBYTECODE"} & own_environment().keys()
