"""The stacks of a stage, in the order in which they can be taken away."""

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from scripts.deploying.place import Place
from stacks.regions import BILLING_REGION

ORDER = ("Billing", "Monitoring", "Bridge", "Door", "Edge", "Runtime", "Turn", "Network", "LogKey")
"""Each before those that it refers to (`wire` in app.py, backwards)."""
LEAVES = frozenset({"Billing", "Monitoring", "Bridge"})
"""No other refers to them, so that one that cannot be deleted keeps no other."""
IN_BILLING_REGION = frozenset({"Billing", "Edge"})
"""AWS has what they hold in us-east-1 alone."""

# What CloudFormation says of a stack that is not there.
_ABSENT = "ValidationError"


@dataclass(frozen=True, slots=True)
class StackName:
    """One stack of a stage, there or not."""

    part: str
    name: str
    region: str


def stack_names(place: Place) -> Iterator[StackName]:
    """Name every stack that the stage at *place* may have, in the order of taking away."""
    for part in ORDER:
        region = BILLING_REGION if part in IN_BILLING_REGION else place.region
        yield StackName(part, f"Hotline-{place.stage}-{part}", region)


def is_absent(fault: ClientError) -> bool:
    """Say whether CloudFormation refused because the stack is not there."""
    error = fault.response["Error"]
    return error.get("Code") == _ABSENT and "does not exist" in error.get("Message", "")
