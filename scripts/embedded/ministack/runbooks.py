"""State Manager associations, and the one AWS runbook that the kit has them run."""

from typing import Any

from ministack.services import ec2

from scripts.embedded.ministack.recorded import RecordedType, Recorder

TYPE_NAME = "AWS::SSM::Association"
EMPTY_DEFAULT_GROUP = "AWSConfigRemediation-RemoveVPCDefaultSecurityGroupRules"


def handlers() -> dict[str, dict[str, Any]]:
    """Return the handlers of the type, which run the runbook as State Manager does at creation."""
    recorder = Recorder(RecordedType(TYPE_NAME, ""))

    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
        if properties["Name"] != EMPTY_DEFAULT_GROUP:
            raise ValueError(f"The runbook {properties['Name']!r} is not known here; add it to {__name__}.")
        (group_id,) = properties["Parameters"]["GroupId"]
        _empty_default_group(group_id)
        return recorder.create(logical_id, properties, stack_name)

    return {TYPE_NAME: {**recorder.handlers(), "create": create}}


def _empty_default_group(group_id: str) -> None:
    """Do the steps of the runbook's page: confirm the name, then remove all rules.

    Raises:
        ValueError: There is no such group, or it is not a VPC's default one.
    """
    group = ec2._security_groups.get(group_id)
    if not group or group["GroupName"] != "default":
        raise ValueError(f"{group_id} is no VPC's default security group, so the runbook stopped.")
    group["IpPermissions"] = []
    group["IpPermissionsEgress"] = []
