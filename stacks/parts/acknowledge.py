"""Findings of cdk-nag that are as they should be, said where they are."""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Excuse the findings of *construct* named by the keys of *reasons*, each for its reason.

    A key is the finding as cdk-nag prints it, `AwsSolutions-IAM5[Resource::*]`.  The qualified id is what
    makes it appear, with its reason, among the suppressed findings of the validation report.
    """
    for finding, reason in reasons.items():
        pack = finding.partition("-")[0]
        Validations.of(construct).acknowledge(Acknowledgment(id=f"{pack}::{finding}", reason=reason))
