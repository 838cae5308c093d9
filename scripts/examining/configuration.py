"""Looks at what is written in cdk.json, without asking anybody."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

from scripts.deploying.errors import UnknownStageError
from scripts.deploying.place import Place, stages
from scripts.examining.findings import Finding, fine, wrong
from stacks.config import ConfigError, DeploymentConfig
from stacks.reserved_domains import is_unreachable

CHECKED = "Configuration"


def configured(place: Place) -> tuple[DeploymentConfig | None, Finding]:
    """Return the stage as cdk.json has it, if it can be deployed, and what to say about it: every fault at once."""
    try:
        config = DeploymentConfig.for_stage(place.stage, stages(), json.dumps(dict(place.overrides)))
    except (ConfigError, UnknownStageError) as fault:
        return None, wrong(str(fault), follows="`cdk deploy` stops before it asks AWS", do="correct cdk.json")
    if config.endpoints and not place.is_embedded:
        return None, wrong(
            "endpoints lead to an embedded cloud",
            follows="on AWS the agent and the door would find nobody there",
            do="choose another stage, or --embedded for the cloud on this machine",
        )
    # An embedded cloud sends no mail.
    placeholders = [] if config.endpoints else [at for at, value in mails(config) if is_unreachable(value)]
    if placeholders:
        return config, wrong(
            f"{', '.join(placeholders)}: mail to a placeholder reaches nobody",
            follows="CloudFormation refuses the stacks before it creates anything",
            do="write an address that somebody reads",
        )
    return config, fine(f"stage {place.stage} for {config.region}")


class Knob(NamedTuple):
    """A value of a stage: where it is written, what it is called, and the section that it is in."""

    at: str
    name: str
    value: Any
    section: BaseModel


def mails(config: BaseModel) -> Iterator[tuple[str, str]]:
    """Go through the knobs that hold an address of mail, with what stands there."""
    for knob in knobs(config):
        if knob.name == "email" or knob.name.endswith("_email"):
            yield knob.at, knob.value


def knobs(section: BaseModel, at: str = "") -> Iterator[Knob]:
    """Go through every knob of *section* and of the sections in it."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        parts = value if isinstance(value, tuple) else (value,)
        sections = [one for one in parts if isinstance(one, BaseModel)]
        if not sections:
            yield Knob(f"{at}{name}", name, value, section)
        for number, one in enumerate(sections):
            yield from knobs(one, f"{at}{name}.{number}." if isinstance(value, tuple) else f"{at}{name}.")
