"""The templates of a stage as `cdk` hands them to CloudFormation, with what cdk-nag says of them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from scripts.commands.check import CheckError, run
from scripts.reporting.errors import ReportError

VALIDATION = "validation-report.json"

_PSEUDO = {
    "AWS::AccountId": "ACCOUNT",
    "AWS::Partition": "aws",
    "AWS::Region": "REGION",
    "AWS::StackId": "STACK",
}

type Template = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of a template."""

    stack: str
    name: str
    """Where it is in the code: stack and construct path."""
    kind: str
    """Without the `AWS::` before it."""
    properties: Mapping[str, Any]
    whole: Mapping[str, Any]


@dataclass(frozen=True)
class Assembly:
    """All templates of one stage.

    Args:
        stage: Its name.
        templates: By the last word of the stack's name: `Network`, `Turn`, ...
        paths: Construct path of each logical id, by stack.
        nag: cdk-nag's reports, one for each pack.
    """

    stage: str
    templates: Mapping[str, Template]
    paths: Mapping[str, Mapping[str, str]]
    nag: tuple[Mapping[str, Any], ...]

    @classmethod
    def read(cls, folder: Path, stage: str) -> Self:
        """Return what a synthesis of *stage* left in *folder*."""
        templates, paths = {}, {}
        for path in sorted(folder.glob("*.template.json")):
            full = path.name.removesuffix(".template.json")
            stack = full.removeprefix(f"Hotline-{stage}-")
            templates[stack] = json.loads(path.read_text())
            metadata = folder / f"{full}.metadata.json"
            paths[stack] = _paths(json.loads(metadata.read_text()), full) if metadata.exists() else {}
        nag = json.loads((folder / VALIDATION).read_text())["pluginReports"]
        return cls(stage, templates, paths, tuple(nag))

    def resources(self, *kinds: str) -> Iterator[Resource]:
        """Go through the resources of *kinds* (`IAM::Role`), of all if none is named, in the order of their names."""
        found = []
        for stack, template in self.templates.items():
            for logical_id, whole in template.get("Resources", {}).items():
                kind = whole["Type"].removeprefix("AWS::")
                if not kinds or kind in kinds:
                    found.append(
                        Resource(
                            stack=stack,
                            name=self.name(stack, logical_id),
                            kind=kind,
                            properties=whole.get("Properties", {}),
                            whole=whole,
                        )
                    )
        yield from sorted(found, key=lambda one: one.name)

    def name(self, stack: str, logical_id: str) -> str:
        """Return where a resource is in the code, or its logical id where nobody noted it."""
        return f"{stack}/{self.paths[stack].get(logical_id, logical_id)}"

    def words(self, stack: str, value: Any) -> str:
        """Write a value of a template as a person reads it: what CloudFormation fills in stands in braces."""
        if isinstance(value, list):
            return ", ".join(self.words(stack, one) for one in value)
        if not isinstance(value, dict):
            return str(value)
        if len(value) == 1:
            ((function, argument),) = value.items()
            if (said := self._filled_in(stack, function, argument)) is not None:
                return said
        return json.dumps(value, sort_keys=True)

    def _filled_in(self, stack: str, function: str, argument: Any) -> str | None:
        """Write what one of CloudFormation's functions will give, or nothing where that cannot be told."""
        match function:
            case "Fn::Join":
                said = str(argument[0]).join(self.words(stack, one) for one in argument[1])
            case "Ref":
                said = _PSEUDO.get(argument) or f"{{{self.name(stack, argument)}}}"
            case "Fn::GetAtt":
                resource, attribute = argument
                said = f"{{{self.name(stack, resource)}}}{'' if attribute == 'Arn' else f'.{attribute}'}"
            case "Fn::Sub" if isinstance(argument, str):
                said = re.sub(r"\$\{(.+?)\}", lambda one: self.words(stack, {"Ref": one[1]}), argument)
            case "Fn::ImportValue" if argument in self._exported:
                said = self.words(*self._exported[argument])
            case "Fn::GetStackOutput":
                other = argument["StackName"].removeprefix(f"Hotline-{self.stage}-")
                said = self.words(other, self.templates[other]["Outputs"][argument["OutputName"]]["Value"])
            case _:
                return None
        return said

    @cached_property
    def _exported(self) -> Mapping[str, tuple[str, Any]]:
        return {
            output["Export"]["Name"]: (stack, output["Value"])
            for stack, template in self.templates.items()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }


def synthesise(stage: str, folder: Path) -> Assembly:
    """Synthesise *stage* into *folder*, without the network, judged by every pack of cdk-nag.

    Raises:
        ReportError: The stage cannot be synthesised.
    """
    try:
        run(
            *("cdk", "synth", "--quiet", "--no-lookups", "--output", str(folder)),
            *("-c", f"stage={stage}", "-c", "nag=all"),
        )
    except CheckError as fault:
        # It also fails whenever a pack has an open finding, and the findings are what is wanted here.
        if not (folder / VALIDATION).exists():
            raise ReportError(
                f"Stage {stage!r} cannot be synthesised, so there is no report.\n{fault}"
            ) from None
    return Assembly.read(folder, stage)


def _paths(metadata: Mapping[str, list[Mapping[str, Any]]], stack: str) -> Mapping[str, str]:
    """Return the construct path of each logical id, without the stack's name and the CDK's `Resource` behind it."""
    return {
        entry["data"]: path.removeprefix(f"/{stack}/").removesuffix("/Resource")
        for path, entries in metadata.items()
        for entry in entries
        if entry["type"] == "aws:cdk:logicalId"
    }
