"""Every statement of every policy in the templates: who may do what, on what, and only if."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.reporting.assembly import Assembly, Resource

TRUST, IDENTITY, RESOURCE = "trust", "identity", "resource"
_NEGATIONS = ("NotAction", "NotPrincipal", "NotResource")

type Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement, in words."""

    kind: str
    """Of its policy: what a role may do, who may become it, or who may use a resource."""
    holder: str
    """The role, or the resource that the policy is of."""
    effect: str
    principals: tuple[str, ...]
    """Of a trust or a resource policy."""
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[str, ...]

    @property
    def wildcards(self) -> tuple[str, ...]:
        """What it allows by a pattern in place of a name; a denial cannot be too broad."""
        if self.effect != "Allow":
            return ()
        parts = [*self.principals, *self.actions, *self.resources]
        # Of a resource policy, `*` is the resource that it is of.
        if self.kind == RESOURCE:
            parts = [one for one in parts if one != "*" or one in self.principals]
        # What a condition compares whole or by its beginning limits; whose name it takes by a pattern may be others.
        parts += [one for one in self.conditions if one.startswith("ArnLike: ")]
        return tuple(one for one in parts if "*" in one or one.startswith(_NEGATIONS))


def statements(assembly: Assembly) -> list[Statement]:
    """Return every statement, in the order of their holders."""
    found = [one for resource in assembly.resources() for one in _of(assembly, resource)]
    return sorted(found, key=lambda one: (one.kind, one.holder, one.actions, one.resources, one.principals))


def _of(assembly: Assembly, resource: Resource) -> Iterator[Statement]:
    properties = resource.properties
    match resource.kind:
        case "IAM::Role":
            yield from _each(assembly, resource, TRUST, resource.name, properties["AssumeRolePolicyDocument"])
            for inline in properties.get("Policies", ()):
                yield from _each(assembly, resource, IDENTITY, resource.name, inline["PolicyDocument"])
            for managed in properties.get("ManagedPolicyArns", ()):
                yield _managed(resource.name, assembly.words(resource.stack, managed))
        case "IAM::Policy" | "IAM::ManagedPolicy":
            for role in properties["Roles"]:
                holder = assembly.words(resource.stack, role).strip("{}")
                yield from _each(assembly, resource, IDENTITY, holder, properties["PolicyDocument"])
        case "Lambda::Permission":
            yield _permission(assembly, resource)
        case _:
            yield from _resource_policy(assembly, resource)


def _resource_policy(assembly: Assembly, resource: Resource) -> Iterator[Statement]:
    for name in ("KeyPolicy", "PolicyDocument", "ResourcePolicy"):
        document = resource.properties.get(name, {})
        document = document.get("PolicyDocument", document)  # a table's is one deeper
        yield from _each(assembly, resource, RESOURCE, resource.name.removesuffix("/Policy"), document)


def _each(
    assembly: Assembly, resource: Resource, kind: str, holder: str, document: Json
) -> Iterator[Statement]:
    stack = resource.stack
    for one in document.get("Statement", ()):
        negated = [f"{name}: {assembly.words(stack, one[name])}" for name in _NEGATIONS if name in one]
        yield Statement(
            kind=kind,
            holder=holder,
            effect=one["Effect"],
            principals=_principals(assembly, stack, one.get("Principal", {})),
            actions=_listed(assembly, stack, one.get("Action", [])),
            resources=(*_listed(assembly, stack, one.get("Resource", [])), *negated),
            conditions=tuple(
                f"{operator}: {key} = {assembly.words(stack, value)}"
                for operator, tests in sorted(one.get("Condition", {}).items())
                for key, value in sorted(tests.items())
            ),
        )


def _permission(assembly: Assembly, resource: Resource) -> Statement:
    """Return what lets a service invoke a function, as the statement that Lambda makes of it."""
    properties, stack = resource.properties, resource.stack
    limits = {"SourceArn": "ArnLike: aws:SourceArn", "SourceAccount": "StringEquals: aws:SourceAccount"}
    conditions = tuple(
        f"{condition} = {assembly.words(stack, properties[name])}"
        for name, condition in limits.items()
        if name in properties
    )
    # A service works for every account: without a limit it may be asked by any of them.
    principal = properties["Principal"] if conditions else f"{properties['Principal']} for anybody: *"
    return Statement(
        kind=RESOURCE,
        holder=assembly.words(stack, properties["FunctionName"]).strip("{}"),
        effect="Allow",
        principals=(principal,),
        actions=(properties["Action"],),
        resources=(),
        conditions=conditions,
    )


def _managed(holder: str, arn: str) -> Statement:
    return Statement(
        kind=IDENTITY,
        holder=holder,
        effect="Allow",
        principals=(),
        actions=(f"* of {arn}",),
        resources=("*",),
        conditions=(),
    )


def _principals(assembly: Assembly, stack: str, principal: str | Json) -> tuple[str, ...]:
    if isinstance(principal, str):
        return (principal,)
    return tuple(one for kind in sorted(principal) for one in _listed(assembly, stack, principal[kind]))


def _listed(assembly: Assembly, stack: str, value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(assembly.words(stack, one) for one in values)


def shape(arn: str) -> str:
    """Return *arn* without what CloudFormation fills in, however that is written: two ways of one pattern are equal."""
    return re.sub(r"ACCOUNT|<[^>]+>|\{[^}]+\}(\.\w+)?", "_", arn)
