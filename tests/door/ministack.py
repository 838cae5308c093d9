"""AWS in a process of its own that serves requests side by side, which moto does not."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.embedded.address import REGION
from scripts.embedded.children import Child
from scripts.embedded.clients import make_client
from scripts.embedded.handed import PlatformKeys

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}


@contextmanager
def ministack(folder: Path) -> Iterator[str]:
    """Serve until the block ends; return where."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "HOME": str(folder),
        **PlatformKeys(**KEYS, token="asked by nobody here").to_environment(),
    }
    command = [sys.executable, "-m", "scripts.embedded.ministack", "--port", str(port), "--work", folder]
    with (folder / "log").open("w") as log:
        server = Child("ministack", command, environment=environment, folder=ROOT, log=log)
        try:
            assert json.loads(server.first_line())["ready"], (folder / "log").read_text()
            yield f"http://localhost:{port}"
        finally:
            server.stop()


@contextmanager
def serving_dynamodb(folder: Path) -> Iterator[Any]:
    """Serve until the block ends; yields a client, which threads may share."""
    with ministack(folder) as url:
        yield make_client("dynamodb", url=url, region=REGION, **KEYS)
