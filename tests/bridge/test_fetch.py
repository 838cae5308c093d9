"""The container's first minute: the bundle from S3, checked before a line of it runs."""

import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from runtime.bridge import fetch

ROLE = {
    "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
    "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG",
    "Token": "a/token==",
}
URL = "https://assets.s3.us-east-1.amazonaws.com/0a1b2c.zip"


@cache  # a zip holds the time at which it was made
def bundle() -> bytes:
    """A bundle whose bridge says that it runs."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("runtime/__init__.py", "")
        archive.writestr("runtime/bridge/__init__.py", "")
        archive.writestr("runtime/bridge/main.py", "print('the bridge runs')")
    return made.getvalue()


@pytest.fixture
def served() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """S3 and the credentials of the task, on one socket."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(ROLE).encode() if self.path == "/role" else bundle()
            asked.append(dict(self.headers))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def run(url: str, folder: Path, *, sha256: str) -> subprocess.CompletedProcess[str]:
    text = Path(fetch.__file__).read_text().replace(str(fetch.SCRATCH), str(folder))
    environment = {
        "PATH": os.environ["PATH"],
        "HOTLINE_REGION": "us-east-1",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/role",
        "BUNDLE_URL": f"{url}/0a1b2c.zip",
        "BUNDLE_SHA256": sha256,
    }
    return subprocess.run(
        [sys.executable, "-c", text], env=environment, capture_output=True, text=True, timeout=30, check=False
    )


def test_becomes_the_bridge_that_it_fetched(served, tmp_path):
    """As the container runs it: the text as a command, nothing installed."""
    url, asked = served
    done = run(url, tmp_path, sha256=hashlib.sha256(bundle()).hexdigest())

    assert done.stdout == "the bridge runs\n", done.stderr
    assert asked[1]["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE/")
    assert not (tmp_path / "bundle.zip").exists()


def test_runs_nothing_that_was_not_deployed(served, tmp_path):
    """Whoever can write to the asset bucket must not thereby be on the phone."""
    done = run(served[0], tmp_path, sha256="0" * 64)

    assert done.returncode
    assert "nothing was run" in done.stderr
    assert not (tmp_path / "runtime").exists()


def test_signs_as_the_sdk_does():
    """botocore is the oracle; S3 answers a wrong signature with 403, and no task would ever start."""
    moment = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
    request = AWSRequest("GET", URL, headers={"x-amz-content-sha256": fetch.EMPTY})
    expected = botocore_headers(request, moment)

    assert fetch.signed(URL, "us-east-1", ROLE, moment)["authorization"] == expected["Authorization"]


def botocore_headers(request: AWSRequest, moment: dt.datetime) -> Any:
    credentials = Credentials(ROLE["AccessKeyId"], ROLE["SecretAccessKey"], ROLE["Token"])
    signer = S3SigV4Auth(credentials, "s3", "us-east-1")
    request.context["timestamp"] = f"{moment:%Y%m%dT%H%M%SZ}"
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    text = signer.string_to_sign(request, canonical)
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return request.headers


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        (
            {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/1"},
            "http://169.254.170.2/v2/credentials/1",
        ),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost/role"}, "http://localhost/role"),
    ],
)
def test_finds_the_tasks_credentials(environ, url):
    """Fargate names a path, not an address."""
    assert fetch.role_url(environ) == url
