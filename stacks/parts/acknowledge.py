"""Findings of cdk-nag that are as they should be, said where they are."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Excuse *finding* (`AwsSolutions-EC23`) of *construct* and of what it contains, for *reason*.

    The qualified id is what makes it appear, with its reason, among the suppressed findings of the
    validation report; it is compared as a whole.
    """
    pack = finding.partition("-")[0]
    Validations.of(construct).acknowledge(Acknowledgment(id=f"{pack}::{finding}", reason=reason))


def acknowledge_pattern(construct: IConstruct, arn: str, reason: str) -> None:
    """Excuse the wildcard in *arn*, a resource of a policy statement of *construct*, for *reason*."""
    printed = _printed(Stack.of(construct).resolve(arn))
    acknowledge(construct, f"AwsSolutions-IAM5[Resource::{printed}]", reason)


def _printed(value: str | Mapping[str, Any]) -> str:
    """Write a resolved value as cdk-nag does: what CloudFormation fills in stands in angle brackets."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    match function:
        case "Fn::Join":
            return str(argument[0]).join(_printed(part) for part in argument[1])
        case "Ref":
            return f"<{argument}>"
        case "Fn::GetAtt":
            return f"<{'.'.join(argument)}>"
        case _:
            raise ValueError(f"{function} in an ARN: cdk-nag's way to print it is not known here; add it.")
