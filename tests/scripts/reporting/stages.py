"""Reports of stages, each made once for all tests."""

import contextlib
import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts.reporting.assembly import Assembly
from scripts.reporting.index import Report
from scripts.reporting.packages import DOOR, RELAY, parts
from scripts.reporting.revision import Revision
from tests.stacks.deployment import STAGES, prepare
from tests.stacks.test_wildcards import EVERYTHING

REVISION = Revision(commit="0123456789abcdef" * 2, at=datetime(2026, 11, 21, 19, 0, tzinfo=UTC))
ALL = (*((stage, "") for stage in STAGES), ("coturn", EVERYTHING))
"""The shipped stages, and all that a stage can have on top."""

all_parts = cache(parts)


def assembly_of(stage: str, overrides: str = "") -> Assembly:
    """Synthesise *stage*, judged by every pack."""
    return _assembly_of(stage, overrides)


@cache
def _assembly_of(stage: str, overrides: str) -> Assembly:
    with TemporaryDirectory() as folder:
        prepared, out = prepare(Path(folder), stage, overrides, nag="all")
        # The packs of regulations always have findings, with which a synthesis fails; they are what is read here.
        with contextlib.suppress(RuntimeError):
            prepared.synth()
        return Assembly.read(out, stage)


def report_of(stage: str, overrides: str = "") -> Report:
    return _report_of(stage, overrides)


@cache
def _report_of(stage: str, overrides: str) -> Report:
    return report_on(assembly_of(stage, overrides))


def report_on(assembly: Assembly) -> Report:
    """Report with a few of the packages: the whole bill takes a second, and has tests of its own."""
    return Report(assembly, REVISION, {part: all_parts()[part] for part in (DOOR, RELAY)})


def with_resource(assembly: Assembly, stack: str, kind: str, properties: Mapping[str, Any]) -> Assembly:
    """Add a resource that nobody thought of, `Surprise`, to *stack*."""
    template = assembly.templates[stack]
    resources = {**template["Resources"], "Surprise": {"Type": f"AWS::{kind}", "Properties": properties}}
    return dataclasses.replace(
        assembly, templates={**assembly.templates, stack: {**template, "Resources": resources}}
    )


def with_finding(assembly: Assembly, pack: str, rule: str) -> Assembly:
    """Let *pack* find that the resource `Door/Surprise` does not follow *rule*."""
    violation = {
        "ruleName": f"{pack}-{rule}",
        "description": "It is not as it should be.",
        "severity": "error",
        "violatingConstructs": [{"constructPath": f"Hotline-{assembly.stage}-Door/Surprise/Resource"}],
    }
    nag = tuple(
        {**one, "violations": [*one["violations"], violation]} if one["pluginName"] == pack else one
        for one in assembly.nag
    )
    return dataclasses.replace(assembly, nag=nag)
