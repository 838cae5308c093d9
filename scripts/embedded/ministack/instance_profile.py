"""Instance profiles, whose `Ref` is their name; MiniStack's engine gives the ARN.

Source: AWS CloudFormation Template Reference, "AWS::IAM::InstanceProfile" (return values).
"""

from typing import Any

from ministack.services.cloudformation import provisioners

TYPE_NAME = "AWS::IAM::InstanceProfile"


def handlers() -> dict[str, dict[str, Any]]:
    """Return the operations by the names that the engine knows."""
    own = provisioners._RESOURCE_HANDLERS[TYPE_NAME]

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        return _named(own["create"](logical_id, properties, stack))

    def update(
        name: str, old: dict[str, Any], new: dict[str, Any], stack: str, logical_id: str | None = None
    ) -> tuple[str, dict[str, Any]]:
        return _named(own["update"](_arn(name), old, new, stack, logical_id))

    def delete(name: str, properties: dict[str, Any]) -> None:
        own["delete"](_arn(name), properties)

    operations = {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}
    return {TYPE_NAME: operations}


def _named(made: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    arn, attributes = made
    return arn.rpartition("/")[2], attributes


def _arn(name: str) -> str:
    return str(provisioners._iam._instance_profiles[name]["Arn"])
