"""Write docs/config.md, the reference of every knob of a stage, from `stacks/config.py`."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.commands.arguments import new_parser
from stacks.config import DeploymentConfig

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "config.md"

INTRODUCTION = """\
<!-- Written by scripts/config-table from stacks/config.py and stacks/sections/; edit those. -->
# Configuration

All that a deployer edits is the table `stages` in `cdk.json`.  Choose a stage with `-c stage=NAME`; change
knobs of it for one command with `-c overrides='{"runtime": {"call_seconds": 600}}'`, which is merged over
the stage.  A stage that cannot work is refused before anything is synthesised, with every fault named.

Prices are US list prices of October 2026: there to compare choices, not to replace a bill.
"""

type Schema = Mapping[str, Any]


def main() -> int:
    """Run `scripts/config-table`."""
    new_parser("config-table", __doc__).parse_args()
    PAGE.write_text(render())
    print(f"Wrote {PAGE.relative_to(ROOT)}")
    return 0


def render() -> str:
    """Return the page."""
    schema = DeploymentConfig.model_json_schema()
    defined = schema["$defs"]
    del schema["properties"]["stage"]  # the key of the entry in cdk.json, not a knob in it
    parts = [INTRODUCTION, _section("A stage", schema, defined)]
    for name, knob in schema["properties"].items():
        parts.extend(_section(title, section, defined) for title, section in _below(name, knob, defined))
    return "\n".join(parts)


def _below(name: str, knob: Schema, defined: Schema) -> Iterator[tuple[str, Schema]]:
    """Go through the sections that a knob of the stage can hold, each with a title and those in it behind it."""
    for section in _alternatives(knob, defined):
        if "properties" not in section:
            continue
        kind = section["properties"].get("kind", {}).get("const")
        yield (f"`{name}` of kind `{kind}`" if kind else f"`{name}`"), section
        yield from _in_one_place(
            below
            for inner, one in section["properties"].items()
            for below in _below(f"{name}.{inner}", one, defined)
        )


def _in_one_place(sections: Iterable[tuple[str, Schema]]) -> Iterator[tuple[str, Schema]]:
    """Give sections that are alike one title together."""
    titles: dict[str, list[str]] = {}
    contents: dict[str, Schema] = {}
    for title, section in sections:
        alike = json.dumps({key: section[key] for key in ("title", "properties")}, sort_keys=True)
        titles.setdefault(alike, []).append(title)
        contents[alike] = section
    for alike, section in contents.items():
        yield ", ".join(titles[alike]), section


def _alternatives(knob: Schema, defined: Schema) -> Iterator[Schema]:
    found = _resolved(knob, defined)
    choices = found.get("oneOf") or found.get("anyOf")
    if choices:
        for one in choices:
            yield from _alternatives(one, defined)
    else:
        yield found


def _resolved(knob: Schema, defined: Schema) -> Schema:
    if "$ref" not in knob:
        return knob
    # What stands beside a reference (a default, a price) belongs to the knob, not to the shared type.
    beside = {key: value for key, value in knob.items() if key != "$ref"}
    return {**_resolved(defined[knob["$ref"].rpartition("/")[2]], defined), **beside}


def _section(title: str, section: Schema, defined: Schema) -> str:
    required = section.get("required", ())
    lines = [f"## {title}", "", section["description"], ""]
    lines += ["| Knob | Default | Allowed | What it is | Costs |", "| --- | --- | --- | --- | --- |"]
    for name, unresolved in section["properties"].items():
        knob = _resolved(unresolved, defined)
        cells = [
            f"`{name}`",
            "**required**" if name in required else _default(knob),
            _allowed(knob, defined),
            knob.get("description", ""),
            knob.get("price", ""),
        ]
        lines.append(f"| {' | '.join(cell.replace('|', r'\|') for cell in cells)} |")
    return "\n".join([*lines, ""])


def _allowed(knob: Schema, defined: Schema) -> str:
    match knob:
        case {"const": only}:
            said = _code(only)
        case {"enum": choices}:
            said = ", ".join(_code(one) for one in choices)
        case {"items": item}:
            said = f"list of {_allowed(_resolved(item, defined), defined)}"
        case {"properties": _} | {"oneOf": _}:
            said = "a section, below"
        case {"anyOf": [given, {"type": "null"}]}:
            said = f"{_allowed(_resolved(given, defined), defined)}, or none"
        case {"type": "boolean"}:
            said = f"{_code(True)}, {_code(False)}"
        case {"type": "integer" | "number"}:
            said = _range(knob)
        case _:
            said = "text"
    return said


def _range(knob: Schema) -> str:
    if "exclusiveMinimum" in knob:
        return f"above {knob['exclusiveMinimum']:,}, to {knob['maximum']:,}"
    if "maximum" not in knob:
        return f"{knob['minimum']:,} or more"
    return f"{knob['minimum']:,} to {knob['maximum']:,}"


def _default(knob: Schema) -> str:
    return "the section's defaults" if "properties" in knob else _code(knob.get("default"))


def _code(value: Any) -> str:
    return "none" if value is None else f"`{json.dumps(value)}`"
