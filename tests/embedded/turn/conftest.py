"""One relay for all tests of a program, in a process of its own as in the embedded cloud."""

import json
import secrets
import socket
import ssl
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.embedded.certificates import make_certificates
from scripts.embedded.children import Child
from turn.allocation import Allocation
from turn.credentials import password_for, username_for
from turn.ice_server import IceServer

USER_QUOTA = 12


@dataclass(frozen=True, kw_only=True)
class RunningRelay:
    child: Child
    program: str
    port: int
    secret: str
    trust: ssl.SSLContext

    def server(self, caller, *, seconds=60, secret=None):
        """Return the relay with a password for *caller*."""
        username = username_for(caller, expires_at=int(time.time()) + seconds)
        return IceServer(
            urls=self.urls, username=username, credential=password_for(username, secret=secret or self.secret)
        )

    @property
    def urls(self):
        at = f"127.0.0.1:{self.port}"
        return f"turn:{at}?transport=udp", f"turn:{at}?transport=tcp", f"turns:{at}?transport=tcp"

    async def open(self, server, url=None):
        return await Allocation.open(
            url or server.urls[0], server, ssl_context=self.trust, patience_seconds=2.0
        )


@contextmanager
def running(folder, *arguments, quota=USER_QUOTA):
    """Run a relay for the block."""
    port, secret, certificates = free_port(), secrets.token_urlsafe(30), make_certificates(folder)
    command = [
        *(sys.executable, "-m", "scripts.embedded.turn", "--port", port, "--certificates", folder),
        *("--user-quota", quota, "--bytes-per-second", 32_000, *arguments),
    ]
    log = (folder / "relay.log").open("w")
    child = Child(
        "relay",
        list(map(str, command)),
        environment={"HOTLINE_RELAY_SECRET": secret, "PATH": "/usr/bin:/bin", "TMPDIR": str(folder)},
        folder=Path.cwd(),
        log=log,
    )
    try:
        line = child.first_line()
        assert line, (folder / "relay.log").read_text()
        yield RunningRelay(
            child=child,
            program=json.loads(line)["program"],
            port=port,
            secret=secret,
            trust=ssl.create_default_context(cafile=certificates.ca_file),
        )
    finally:
        child.stop()
        log.close()


@pytest.fixture(scope="module", params=["small", "coturn"])
def relay(request, tmp_path_factory):
    """Both programs, held to the same promises."""
    arguments = ("--small",) if request.param == "small" else ()
    with running(tmp_path_factory.mktemp("relay"), *arguments) as made:
        assert request.param in made.program, "coturn is not installed: scripts/setup --system"
        yield made


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
