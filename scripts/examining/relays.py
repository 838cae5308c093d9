"""Looks at what relays of the stage's own need: processors, and the zone that their names lie in."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from scripts.examining import rights
from scripts.examining.examined import Examined
from scripts.examining.findings import Check, Finding, fine, wrong
from scripts.examining.quotas import Quota, compare
from stacks.config import CoturnConfig

VCPUS: Mapping[str, int] = {"t4g.small": 2, "c7g.medium": 1, "c8g.medium": 1}
"""Of a relay (aws.amazon.com/ec2/instance-types)."""
BUILD_VCPUS = 2
"""Of the instance that builds their image, before there are any (`stacks/parts/relay_image.py`)."""

# Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances, which count in vCPUs ("On-Demand Instance
# quotas", EC2 user guide).
_STANDARD = re.compile(r"(a|c|d|h|im?|is|m|r|t|z)\d")


def checks(stage: Examined) -> Iterator[Check]:
    """List what is looked at."""
    relays = stage.config.turn.first(CoturnConfig)
    if relays is None:
        return
    yield Check("EC2: vCPUs at once", partial(_processors, stage, relays))
    if relays.hosted_zone_id:
        yield Check("turn.hosted_zone_id", partial(_zone, stage, relays))


def _processors(stage: Examined, relays: CoturnConfig) -> Finding:
    need = max(relays.relays * VCPUS[relays.instance_type], BUILD_VCPUS)
    quota = Quota(
        "EC2: vCPUs at once", "ec2", "L-1216C47A", need, "the Turn stack fails: instances do not start"
    )
    running = {"Name": "instance-state-name", "Values": ["pending", "running"]}
    reservations = stage.asking.ask_all(rights.INSTANCES, "Reservations", Filters=[running])
    others = [one for each in reservations for one in each["Instances"] if not _is_of(stage, one)]
    taken = sum(_vcpus(one) for one in others if _STANDARD.match(one.get("InstanceType", "")))
    return compare(stage, quota, elsewhere=taken)


def _is_of(stage: Examined, instance: Any) -> bool:
    return {"Key": "hotline:stage", "Value": stage.place.stage} in instance.get("Tags", ())


def _vcpus(instance: Any) -> int:
    options = instance.get("CpuOptions", {})
    return int(options.get("CoreCount", 1) * options.get("ThreadsPerCore", 1))


def _zone(stage: Examined, relays: CoturnConfig) -> Finding:
    try:
        zone = stage.asking.ask(rights.HOSTED_ZONE, Id=relays.hosted_zone_id)["HostedZone"]
    except ClientError as fault:
        if fault.response["Error"]["Code"] != "NoSuchHostedZone":
            raise
        return wrong("no such hosted zone", follows="the Turn stack fails", do="name the zone of turn.realm")
    name = zone["Name"].rstrip(".")
    if not f".{relays.realm}".endswith(f".{name}"):
        return wrong(
            f"is {name}, which turn.realm {relays.realm} does not lie in",
            follows="relays get neither names nor certificates",
            do="name the zone that it lies in",
        )
    return fine(name)
