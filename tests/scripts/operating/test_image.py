"""`scripts/bridge-image`, against a registry that speaks the distribution specification on this machine."""

import hashlib
import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from scripts.commands import bridge_image
from scripts.operating.errors import ImageError
from scripts.operating.image import INDEX_TYPES, Tagged, by_digest
from stacks.sections.bridge import FargateBridgeConfig
from tests.stacks.telephony import BRIDGE

TOKEN = "for-everybody"
NAME = "docker/library/python"


def index(*processors: str) -> bytes:
    manifests = [{"platform": {"os": "linux", "architecture": one}} for one in processors]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPES[0], "manifests": manifests}).encode()


TAGS = {
    "3.13": index("amd64", "arm64"),
    "intel": index("amd64"),
    "single": json.dumps({"schemaVersion": 2, "config": {}, "layers": []}).encode(),
}


class Registry(BaseHTTPRequestHandler):
    """Knows one repository, and gives everybody a token for reading it."""

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/token":
            asked = f"service=registry&scope=repository%3A{NAME.replace('/', '%2F')}%3Apull"
            self.answer(200, json.dumps({"token": TOKEN} if query == asked else {"details": "no"}).encode())
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            realm = f"http://{self.headers['Host']}/token"
            self.answer(401, b"", f'Bearer realm="{realm}",service="registry",scope="aws"')
        elif INDEX_TYPES[0] in self.headers["Accept"] and path.startswith(f"/v2/{NAME}/manifests/"):
            body = TAGS.get(path.rpartition("/")[2])
            self.answer(200 if body else 404, body or b"{}")
        else:
            self.answer(404, b"{}")

    def answer(self, status: int, body: bytes, challenge: str = ""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing among the results."""


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    """Host and port of a registry."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_a_tag_becomes_the_digest_of_what_it_names(registry, monkeypatch, capsys):
    """What is printed can be put into cdk.json as it is."""
    monkeypatch.setattr(sys, "argv", ["bridge-image", f"{registry}/{NAME}:3.13"])

    assert bridge_image.main() == 0

    image = capsys.readouterr().out.strip()
    assert image == f"{registry}/{NAME}@sha256:{hashlib.sha256(TAGS['3.13']).hexdigest()}"
    assert FargateBridgeConfig.model_validate({**BRIDGE, "image": image}).image == image


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (f"{NAME}:intel", "has nothing for linux/arm64"),
        (f"{NAME}:single", "did not answer with an index"),
        (f"{NAME}:3.99", "answered 404"),
        ("somebody/private:1", "without a sign-in"),
    ],
)
def test_what_the_bridge_could_not_run_is_said(registry, name, complaint):
    """Found out now, it costs a minute; as a task that does not start, it costs a deployment."""
    with pytest.raises(ImageError, match=complaint):
        by_digest(Tagged.read(f"{registry}/{name}"))


def test_a_registry_that_is_not_there_is_said(monkeypatch, capsys):
    """One line on standard error, and nothing that could be piped into a configuration."""
    # Port 1 is reserved (tcpmux); nothing on a test machine listens there.
    monkeypatch.setattr(sys, "argv", ["bridge-image", "127.0.0.1:1/python:3.13"])

    assert bridge_image.main() == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("bridge-image: 127.0.0.1:1 does not answer")


@pytest.mark.parametrize(
    "text", ["python:3.13", "public.ecr.aws/docker/library/python", "https://a/b:1", "a/b c:1"]
)
def test_what_is_no_image_is_not_asked_for(text):
    """A name without a registry means another one to every program."""
    with pytest.raises(ImageError, match="write HOST/NAME:TAG"):
        Tagged.read(text)


def test_the_image_that_is_looked_up_unasked_is_one():
    """The default is what the documentation recommends."""
    assert Tagged.read(bridge_image.IMAGE).path == NAME
