"""One embedded cloud for all tests of a run: real servers on ports that were free."""

import os
import random
import socket

import pytest

from scripts.embedded.cloud import EmbeddedCloud

MOST_WORKERS = 8


@pytest.fixture(scope="session")
def cloud():
    with EmbeddedCloud(base_port=free_base_port(), progress=lambda _line: None) as running:
        yield running


def free_base_port():
    """Return a port that is free with its six successors, and that no other worker of this run may choose."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % MOST_WORKERS
    for base in random.sample(range(20_000 + 7 * worker, 32_000, 7 * MOST_WORKERS), 100):
        probes = [socket.socket() for _ in range(7)]
        try:
            for number, probe in enumerate(probes):
                probe.bind(("127.0.0.1", base + number))
        except OSError:
            continue
        else:
            return base
        finally:
            for probe in probes:
                probe.close()
    raise RuntimeError("No seven free ports in a row.")
