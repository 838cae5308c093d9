"""The laboratory for one file of tests: real namespaces, real NATs, a real coturn.  Needs root."""

import pytest

from scripts.network.laboratory import Laboratory
from scripts.network.relay import Relay
from scripts.network.rules import Egress


@pytest.fixture(scope="module")
def built():
    with Laboratory() as laboratory:
        yield laboratory


@pytest.fixture
def laboratory(built):
    """The laboratory, with every network open again."""
    yield built
    for side in ("agent", "caller"):
        built.let_out(side, Egress.EVERYTHING)


@pytest.fixture(scope="module")
def relay(built):
    with Relay(built["relay"]) as running:
        yield running
