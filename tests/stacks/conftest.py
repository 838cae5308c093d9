import json

import pytest

from tests.stacks.deployment import STAGES, TURNED, Deployment, synthesise


@pytest.fixture(params=STAGES)
def shipped(request: pytest.FixtureRequest) -> Deployment:
    """Each stage that is shipped."""
    return synthesise(request.param)


@pytest.fixture
def dev() -> Deployment:
    return synthesise("dev")


@pytest.fixture
def prod() -> Deployment:
    return synthesise("prod")


@pytest.fixture
def coturn() -> Deployment:
    return synthesise("coturn")


@pytest.fixture
def embedded() -> Deployment:
    return synthesise("embedded")


@pytest.fixture
def turned() -> Deployment:
    """`dev` with many knobs turned; each test looks at its own."""
    return synthesise("dev", json.dumps(TURNED))
