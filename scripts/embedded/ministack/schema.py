"""CloudFormation's own resource schemas, so that an impossible template fails here too.

The schemas are AWS's, as cfn-lint ships them.  They are read one file at a time: importing cfn-lint,
or loading all 1,854 types, would cost seconds at every start.
"""

import functools
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_DEPTH_LIMIT = 12
"""Nested levels that are checked; WAF's rules refer to themselves without end."""


class ResourceSchema:
    """What CloudFormation accepts for one resource type.

    Args:
        type_name: For example `AWS::EC2::EIP`.
        document: The type's schema as AWS publishes it.
    """

    def __init__(self, type_name: str, document: dict[str, Any]) -> None:
        self.type_name = type_name
        self._document = document
        self.read_only = _top_level(document.get("readOnlyProperties", []))
        self.create_only = _top_level(document.get("createOnlyProperties", []))
        self.identifier = _top_level(document.get("primaryIdentifier", []))

    def faults(self, properties: dict[str, Any]) -> list[str]:
        """Return what is wrong with *properties*, one sentence each; nothing when all is well."""
        written = [name for name in self.read_only if name in properties]
        return [f"{name} is read-only" for name in written if name not in self.create_only] + list(
            self._check(properties, self._document, "", 0)
        )

    def attribute_names(self) -> list[str]:
        """Return what `Fn::GetAtt` may ask for."""
        pointers = self._document.get("readOnlyProperties", [])
        return [one.removeprefix("/properties/").replace("/", ".") for one in pointers]

    def _check(self, value: Any, schema: dict[str, Any], path: str, depth: int) -> Iterator[str]:
        schema = self._follow(schema)
        if depth > _DEPTH_LIMIT or not isinstance(schema, dict):
            return
        kinds = _kinds(schema)
        if (
            "enum" in schema
            and not isinstance(value, dict | list)
            and str(value) not in map(str, schema["enum"])
        ):
            yield f"{path} is {value!r}, not one of {schema['enum']}"
        elif isinstance(value, dict) and "properties" in schema:
            yield from self._check_object(value, schema, path, depth)
        elif isinstance(value, list):
            yield from self._check_list(value, schema, path, depth)
        elif kinds and kinds <= {"integer", "number"}:
            yield from _check_number(value, schema, path)
        elif "string" in kinds and isinstance(value, str):
            yield from _check_text(value, schema, path)
        elif kinds and kinds <= {"object", "array"} and isinstance(value, int | float | bool):
            yield f"{path} is {value!r}, which is no {' or '.join(kinds)}"

    def _check_object(
        self, value: dict[str, Any], schema: dict[str, Any], path: str, depth: int
    ) -> Iterator[str]:
        known = schema["properties"]
        for name in schema.get("required", []):
            if name not in value:
                yield f"{_join(path, name)} is required"
        for name, inner in value.items():
            if name in known:
                yield from self._check(inner, known[name], _join(path, name), depth + 1)
            elif schema.get("additionalProperties") is False and "patternProperties" not in schema:
                yield f"{_join(path, name)} is no property of {self.type_name}"

    def _check_list(self, value: list[Any], schema: dict[str, Any], path: str, depth: int) -> Iterator[str]:
        if "maxItems" in schema and len(value) > schema["maxItems"]:
            yield f"{path} has {len(value)} entries, at most {schema['maxItems']} are allowed"
        if len(value) < schema.get("minItems", 0):
            yield f"{path} has {len(value)} entries, at least {schema['minItems']} are needed"
        for number, inner in enumerate(value):
            yield from self._check(inner, schema.get("items", {}), f"{path}[{number}]", depth + 1)

    def _follow(self, schema: dict[str, Any]) -> dict[str, Any]:
        while isinstance(schema, dict) and "$ref" in schema:
            found: Any = self._document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found.get(part, {})
            schema = found
        return schema


def _kinds(schema: dict[str, Any]) -> set[str]:
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _check_number(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    try:
        number = float(value)  # CloudFormation takes "60" for 60
    except (TypeError, ValueError):
        yield f"{path} is {value!r}, which is no number"
        return
    if number < schema.get("minimum", number):
        yield f"{path} is {value}, below the minimum of {schema['minimum']}"
    if number > schema.get("maximum", number):
        yield f"{path} is {value}, above the maximum of {schema['maximum']}"


def _check_text(value: str, schema: dict[str, Any], path: str) -> Iterator[str]:
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{path} has {len(value)} characters, at most {schema['maxLength']} are allowed"
    if len(value) < schema.get("minLength", 0):
        yield f"{path} has {len(value)} characters, at least {schema['minLength']} are needed"
    pattern = _compile(schema.get("pattern", ""))
    if pattern and not pattern.search(value):
        yield f"{path} is {value!r}, which does not match {schema['pattern']}"


@functools.cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error:  # some schemas use Java's dialect
        return None


@functools.cache
def schema_of(type_name: str) -> ResourceSchema | None:
    """Return the schema of *type_name*, or None for a type that AWS publishes none for."""
    digest = _index().get(type_name)
    if digest is None:
        return None
    document = json.loads((_folder() / "resources" / f"{digest}.json").read_text())
    return ResourceSchema(type_name, document)


@functools.cache
def _index() -> dict[str, str]:
    index: dict[str, str] = json.loads((_folder() / "providers" / "us-east-1.json").read_text())
    return index


@functools.cache
def _folder() -> Path:
    found = importlib.util.find_spec("cfnlint")  # finds the package without importing it
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("cfn-lint is not installed; scripts/setup brings it.")
    return Path(found.submodule_search_locations[0], "data", "schemas")


def _top_level(pointers: list[str]) -> tuple[str, ...]:
    names = [one.removeprefix("/properties/") for one in pointers]
    return tuple(name for name in names if "/" not in name)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
