"""One embedded cloud for all tests of a run: real servers on ports that were free."""

import random
import socket

import pytest

from scripts.embedded.cloud import EmbeddedCloud


@pytest.fixture(scope="session")
def cloud():
    with EmbeddedCloud(base_port=free_base_port(), progress=lambda _line: None) as running:
        yield running


def free_base_port():
    """Return a port that is free with its six successors, another one in every process that asks."""
    for base in random.sample(range(20_000, 32_000, 7), 100):
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
