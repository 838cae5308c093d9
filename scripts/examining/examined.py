"""The stage that is looked at: what it is to be, and what of it is there already."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from threading import Lock

from botocore.exceptions import ClientError

from scripts.deploying.asking import Asking
from scripts.deploying.place import Place
from scripts.deploying.stacks import StackName, is_absent, stack_names
from scripts.examining import rights
from stacks.config import DeploymentConfig


class Examined:
    """What checks need of a stage.

    Args:
        place: Where it is, or is to be.
        config: What it is to be.
    """

    def __init__(self, place: Place, config: DeploymentConfig) -> None:
        self.place = place
        self.config = config
        self.asking = Asking(place)
        self._looking = Lock()

    def status_of(self, stack: StackName) -> str:
        """Return CloudFormation's word for the state of *stack*; empty where there is none.

        Raises:
            UnansweredError: It is not to be had.
        """
        try:
            answer = self.asking.ask(rights.STACKS, region=stack.region, StackName=stack.name)
        except ClientError as fault:
            if is_absent(fault):
                return ""
            raise
        return str(answer["Stacks"][0]["StackStatus"])

    def has(self, kind: str) -> int:
        """Return how many resources of type *kind* the stage has already.

        Raises:
            UnansweredError: It is not to be had.
        """
        return len(self.resources().get(kind, ()))

    def resources(self) -> Mapping[str, list[str]]:
        """Return the names of the resources that the stage has, by type.

        Raises:
            UnansweredError: They are not to be had.
        """
        with self._looking:  # several checks want it, and it is read once
            return self._resources

    @cached_property
    def _resources(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for stack in stack_names(self.place):
            try:
                listed = self.asking.ask_all(
                    rights.RESOURCES, "StackResourceSummaries", region=stack.region, StackName=stack.name
                )
            except ClientError as fault:
                if is_absent(fault):
                    continue
                raise
            for one in listed:
                found[one["ResourceType"]].append(one.get("PhysicalResourceId", ""))
        return found
