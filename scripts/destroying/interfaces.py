"""What AgentCore leaves in a stage's network for a while, and what keeps the network from going."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from scripts.deploying.asking import Asking, Right, UnansweredError
from scripts.deploying.place import Place
from scripts.deploying.stacks import StackName, is_absent

LONGEST_HOURS = 8
"""AgentCore's network interfaces may outlive their runtime for so long ("Configure AgentCore for VPC", developer guide)."""

INTERFACES = Right("ec2:DescribeNetworkInterfaces", "ec2", "describe_network_interfaces")
RESOURCES = Right("cloudformation:ListStackResources", "cloudformation", "list_stack_resources")

# They belong to resources of the stack, and go with these.
_OF_THE_STACK = frozenset({"natGateway", "nat_gateway", "vpc_endpoint", "gateway_load_balancer_endpoint"})


class Interfaces:
    """The network interfaces in the stage's VPC that somebody else owns.

    Args:
        place: Where the stage is.
        network: Its Network stack.
    """

    def __init__(self, place: Place, network: StackName) -> None:
        self._asking = Asking(place)
        self._network = network

    def left(self) -> Sequence[str]:
        """Return those that are there, by id and type.

        Raises:
            UnansweredError: EC2 or CloudFormation does not tell.
        """
        try:
            vpcs = self._vpcs()
            return [name for vpc in vpcs for name in self._in(vpc)]
        except ClientError as fault:
            raise UnansweredError(
                f"could not look: AWS answered {fault.response['Error'].get('Code')}"
            ) from fault

    def _vpcs(self) -> list[str]:
        try:
            listed = self._asking.ask_all(
                RESOURCES, "StackResourceSummaries", region=self._network.region, StackName=self._network.name
            )
        except ClientError as fault:
            if is_absent(fault):
                return []
            raise
        return [
            one["PhysicalResourceId"]
            for one in listed
            if one["ResourceType"] == "AWS::EC2::VPC" and one["ResourceStatus"] != "DELETE_COMPLETE"
        ]

    def _in(self, vpc: str) -> list[str]:
        found: list[Any] = self._asking.ask_all(
            INTERFACES,
            "NetworkInterfaces",
            region=self._network.region,
            Filters=[{"Name": "vpc-id", "Values": [vpc]}],
        )
        return [
            f"{one['NetworkInterfaceId']} ({one.get('InterfaceType', 'interface')})"
            for one in found
            if one.get("InterfaceType") not in _OF_THE_STACK
        ]
