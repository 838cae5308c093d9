"""A relay's instance on one machine: its metadata service, its account, its network.  Needs root."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scripts.embedded.cloud import EmbeddedCloud
from scripts.network.namespace import Namespace
from tests.embedded.conftest import free_base_port


@pytest.fixture(scope="module")
def cloud():
    """The services that a relay calls, and nothing deployed."""
    with EmbeddedCloud(base_port=free_base_port(), progress=lambda _line: None) as running:
        yield running


@pytest.fixture(scope="module")
def host():
    """The network of a machine that is nothing but a relay."""
    namespace = Namespace(f"hotline-relay-{secrets.token_hex(3)}")
    namespace.create()
    try:
        yield namespace
    finally:
        namespace.delete()


class MetadataService(ThreadingHTTPServer):
    """Answers as EC2's does when version 2 is required: a token first, then what *paths* hold."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.paths: dict[str, str] = {}
        self.tokens: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: MetadataService

    def do_PUT(self) -> None:
        lifetime = int(self.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "0"))
        if self.path != "/latest/api/token" or not 1 <= lifetime <= 21_600:
            self._say(400, "")
            return
        token = secrets.token_urlsafe(16)
        self.server.tokens.add(token)
        self._say(200, token)

    def do_GET(self) -> None:
        if self.headers.get("x-aws-ec2-metadata-token") not in self.server.tokens:
            self._say(401, "")
            return
        text = self.server.paths.get(self.path.removeprefix("/latest/meta-data/"))
        self._say(404 if text is None else 200, text or "")

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[MetadataService]:
    service = MetadataService()
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        service.server_close()
        thread.join()


@pytest.fixture
def metadata_service():
    with serving() as service:
        yield service
