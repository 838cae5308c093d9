"""Looks at what the Region has for this account: the model, and the zones."""

from collections.abc import Iterator
from functools import partial

from scripts.deploying.asking import UnansweredError
from scripts.examining import rights
from scripts.examining.examined import Examined
from scripts.examining.findings import Check, Finding, fine, wrong


def checks(stage: Examined) -> Iterator[Check]:
    """List what is looked at."""
    yield Check("Model", partial(_model, stage))
    yield Check("Availability Zones", partial(_zones, stage))


def _model(stage: Examined) -> Finding:
    if stage.place.is_embedded:
        raise UnansweredError("the embedded cloud has a model of its own, and no list of models")
    model = stage.config.runtime.brain.model_id
    answer = stage.asking.ask(rights.MODEL, modelId=model)
    lacking = [
        what
        for what, is_so in {
            "offered in the Region": answer["regionAvailability"] == "AVAILABLE",
            "open to the account": answer["entitlementAvailability"] == "AVAILABLE",
            "allowed by policy": answer["authorizationStatus"] == "AUTHORIZED",
        }.items()
        if not is_so
    ]
    if lacking:
        return wrong(
            f"{model} is not {', not '.join(lacking)}",
            follows="every call breaks off before the agent speaks",
            do="ask whoever owns the organisation's service control policies, or choose another Region",
        )
    return fine(f"{model} may be invoked")


def _zones(stage: Examined) -> Finding:
    wanted = stage.config.network.availability_zone_ids
    listed = {one["ZoneId"]: one for one in stage.asking.ask_all(rights.ZONES, "AvailabilityZones")}
    unusable = [one for one in wanted if one not in listed or listed[one]["State"] != "available"]
    if unusable:
        usable = sorted(zone for zone, one in listed.items() if one["State"] == "available")
        return wrong(
            f"{', '.join(unusable)} cannot be used by this account",
            follows="the Network stack fails",
            do=f"choose others in network.availability_zone_ids; the account has {', '.join(usable)}",
        )
    return fine(", ".join(wanted))
