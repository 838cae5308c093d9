"""Tags of a stack on its auto-scaling groups, which CloudFormation has their instances inherit.

MiniStack adds a stack's tags to the resources that it knows to carry tags, and leaves out the word that
these need.

Source: AWS CloudFormation User Guide, "Resource tag" (stack-level tags are propagated).
"""

from typing import Any

from ministack.services.cloudformation import provisioners, stacks

_GROUP = "AWS::AutoScaling::AutoScalingGroup"


def inherit_on_instances() -> None:
    """Complete the tags that the engine adds to auto-scaling groups."""
    add = provisioners._with_stack_tags

    def add_and_complete(type_name: str, properties: dict[str, Any], *rest: Any) -> dict[str, Any]:
        tagged: dict[str, Any] = add(type_name, properties, *rest)
        if type_name != _GROUP:
            return tagged
        own = {one.get("Key") for one in properties.get("Tags", [])}
        tags = [one if one["Key"] in own else {**one, "PropagateAtLaunch": True} for one in tagged["Tags"]]
        return {**tagged, "Tags": tags}

    for module in (provisioners, stacks):
        module._with_stack_tags = add_and_complete
