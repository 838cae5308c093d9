"""No template has what a service refuses although its schema allows it."""

import pytest

from scripts.embedded.ministack.refusals import refusals
from tests.stacks.deployment import STAGES, synthesise
from tests.stacks.test_wildcards import EVERYTHING


@pytest.mark.parametrize(("stage", "overrides"), [*((one, "") for one in STAGES), ("coturn", EVERYTHING)])
def test_services_take_what_they_are_told(stage: str, overrides: str):
    """cfn-lint knows schemas alone, and the deployer waits a quarter of an hour for the service's own word."""
    told = [
        f"{name}: {fault}"
        for template in synthesise(stage, overrides).templates.values()
        for name, resource in template.get("Resources", {}).items()
        for fault in refusals(resource["Type"], resource.get("Properties", {}))
    ]

    assert told == []
