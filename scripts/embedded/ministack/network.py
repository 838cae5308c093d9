"""The EC2 resources that MiniStack's API knows and its CloudFormation does not."""

import ipaddress
import random
import re
from collections.abc import Callable
from typing import Any

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

type Properties = dict[str, Any]
type Created = tuple[str, dict[str, Any]]

_HTTP_OK = 200
_ADDRESSES = ipaddress.ip_network("127.64.0.0/10")
"""Elastic IP addresses are loopback addresses, so that a relay of this machine can listen on one, and nobody
ever sends to a stranger's."""


def handlers() -> dict[str, dict[str, Any]]:
    """Return the handlers by resource type."""
    return {
        "AWS::EC2::EIP": {"create": _create_address, "update": _keep_address, "delete": _release_address},
        "AWS::EC2::NatGateway": {"create": _create_nat, "update": _keep_nat, "delete": _delete_nat},
        "AWS::EC2::FlowLog": {
            "create": _create_flow_log,
            "update": _keep_flow_log,
            "delete": _delete_flow_log,
        },
        "AWS::EC2::SecurityGroupIngress": _rule("IpPermissions"),
        "AWS::EC2::SecurityGroupEgress": _rule("IpPermissionsEgress"),
    }


def _call(operation: Callable[[dict[str, list[str]]], Any], **parameters: Any) -> str:
    """Call one operation of MiniStack's EC2 API and return its XML.

    Raises:
        ValueError: EC2 refused.
    """
    status, _, body = operation({name.replace("__", "."): [str(value)] for name, value in parameters.items()})
    text: str = body.decode() if isinstance(body, bytes) else body
    if status != _HTTP_OK:
        raise ValueError(_element("Message", text))
    return text


def _element(name: str, xml: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", xml)
    return found[1] if found else xml


# --- addresses --------------------------------------------------------------------------------------


def _create_address(_logical_id: str, properties: Properties, _stack: str) -> Created:
    answer = _call(ec2._allocate_address, Domain="vpc")
    allocation = _element("allocationId", answer)
    provisioners._ec2_apply_tags(allocation, properties)
    address = str(_ADDRESSES[random.randrange(1, _ADDRESSES.num_addresses - 1)])  # noqa: S311  (no secret)
    ec2._addresses[allocation]["PublicIp"] = address
    return address, {"PublicIp": address, "AllocationId": allocation}


def _keep_address(physical_id: str, old: Properties, new: Properties, _stack: str) -> Created:
    allocation = _allocation_of(physical_id)
    provisioners._ec2_apply_tags(allocation, new, old)
    return physical_id, {"PublicIp": physical_id, "AllocationId": allocation}


def _release_address(physical_id: str, _properties: Properties) -> None:
    _call(ec2._release_address, AllocationId=_allocation_of(physical_id))


def _allocation_of(address: str) -> str:
    found: str = next(name for name, one in ec2._addresses.items() if one["PublicIp"] == address)
    return found


# --- NAT gateways -----------------------------------------------------------------------------------


def _create_nat(_logical_id: str, properties: Properties, _stack: str) -> Created:
    if properties.get("SubnetId") not in ec2._subnets:
        raise ValueError(f"The subnet ID '{properties.get('SubnetId')}' does not exist")
    given = {name: properties[name] for name in ("SubnetId", "AllocationId") if name in properties}
    identifier = _element("natGatewayId", _call(ec2._create_nat_gateway, **given))
    provisioners._ec2_apply_tags(identifier, properties)
    return identifier, {"NatGatewayId": identifier}


def _keep_nat(physical_id: str, old: Properties, new: Properties, _stack: str) -> Created:
    provisioners._ec2_apply_tags(physical_id, new, old)
    return physical_id, {"NatGatewayId": physical_id}


def _delete_nat(physical_id: str, _properties: Properties) -> None:
    _call(ec2._delete_nat_gateway, NatGatewayId=physical_id)


# --- flow logs --------------------------------------------------------------------------------------


def _create_flow_log(_logical_id: str, properties: Properties, _stack: str) -> Created:
    passed = ("ResourceType", "TrafficType", "LogDestinationType", "LogDestination", "LogGroupName")
    given = {name: properties[name] for name in passed if name in properties}
    answer = _call(ec2._create_flow_logs, ResourceId__1=properties["ResourceId"], **given)
    identifier = _element("item", answer)
    provisioners._ec2_apply_tags(identifier, properties)
    return identifier, {"Id": identifier}


def _keep_flow_log(physical_id: str, old: Properties, new: Properties, _stack: str) -> Created:
    provisioners._ec2_apply_tags(physical_id, new, old)
    return physical_id, {"Id": physical_id}


def _delete_flow_log(physical_id: str, _properties: Properties) -> None:
    _call(ec2._delete_flow_logs, FlowLogId__1=physical_id)


# --- rules of security groups -----------------------------------------------------------------------


def _rule(store: str) -> dict[str, Any]:
    """Handlers of a rule that stands apart from its security group, in the group's own *store*."""
    egress = store == "IpPermissionsEgress"

    def create(_logical_id: str, properties: Properties, _stack: str) -> Created:
        group = ec2._security_groups.get(properties["GroupId"])
        if group is None:
            raise ValueError(f"The security group '{properties['GroupId']}' does not exist")
        (permission,) = provisioners._ec2_sg_permissions([properties])
        identifier = ec2._sg_rule_id(properties["GroupId"], egress, permission)
        group[store].append({**permission, "SecurityGroupRuleId": identifier})
        return identifier, {"Id": identifier}

    def update(physical_id: str, old: Properties, new: Properties, stack: str) -> Created:
        delete(physical_id, old)
        return create("", new, stack)

    def delete(physical_id: str, properties: Properties) -> None:
        group = ec2._security_groups.get(properties["GroupId"])
        if group is not None:  # the group may have gone first
            group[store] = [one for one in group[store] if one.get("SecurityGroupRuleId") != physical_id]

    return {"create": create, "update": update, "delete": delete}
