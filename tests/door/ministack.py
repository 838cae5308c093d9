"""AWS in a process of its own that serves requests side by side, which moto does not."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.embedded.children import Child
from tests.stacks.deployment import ROOT

KEYS = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}


@contextmanager
def ministack(folder: Path) -> Iterator[str]:
    """Serve until the block ends; return where."""
    port = _free_port()
    environment = {
        **os.environ,
        "HOME": str(folder),
        "HOTLINE_ACCESS_KEY": KEYS["access_key"],
        "HOTLINE_SECRET": KEYS["secret"],
        "HOTLINE_TOKEN": "asked by nobody here",
    }
    command = [sys.executable, "-m", "scripts.embedded.ministack", "--port", str(port), "--work", str(folder)]
    with (folder / "log").open("w") as log:
        server = Child("ministack", command, environment=environment, folder=ROOT, log=log)
        try:
            assert json.loads(server.first_line())["ready"], (folder / "log").read_text()
            yield f"http://localhost:{port}"
        finally:
            server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
