"""What services refuse although their schemas allow it, so that it fails here too."""

import re
from collections.abc import Callable, Iterator
from typing import Any

# Source: EC2 API reference, IpRange and CreateSecurityGroup (`Description`); an apostrophe is not among them.
DESCRIPTION = re.compile(r"[A-Za-z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")


def refusals(type_name: str, properties: dict[str, Any]) -> list[str]:
    """Return what the service would say to *properties*, one sentence each; nothing when it takes them."""
    judge = _JUDGES.get(type_name)
    return list(judge(properties)) if judge else []


def _of_group(properties: dict[str, Any]) -> Iterator[str]:
    yield from _of_description("GroupDescription", properties.get("GroupDescription", ""))
    for direction in ("SecurityGroupIngress", "SecurityGroupEgress"):
        for number, rule in enumerate(properties.get(direction, [])):
            yield from _of_description(f"{direction}[{number}].Description", rule.get("Description", ""))


def _of_rule(properties: dict[str, Any]) -> Iterator[str]:
    yield from _of_description("Description", properties.get("Description", ""))


def _of_description(path: str, text: str) -> Iterator[str]:
    if not DESCRIPTION.fullmatch(text):
        yield f"{path} is {text!r}, and EC2 takes up to 255 of a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"


_JUDGES: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "AWS::EC2::SecurityGroup": _of_group,
    "AWS::EC2::SecurityGroupEgress": _of_rule,
    "AWS::EC2::SecurityGroupIngress": _of_rule,
}
