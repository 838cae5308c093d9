"""What a stage costs while nobody calls: each resource that is billed by the hour or the month, counted in its templates.

`python -m scripts.costs.idle` writes docs/idle-costs.md.  Prices are US list prices of us-east-1, October 2026, without
free tiers: there to compare choices, not to replace a bill.
"""

import json
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runtime import metrics
from turn.coturn.metrics import UNITS as RELAY_METRICS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "idle-costs.md"
STAGES = ("dev", "prod", "coturn")
"""Those of cdk.json that are for AWS."""

HOURS = 730
"""In a month, as AWS's own examples count."""
DAYS = 30.4

NAT_USD = 0.045 * HOURS
"""A gateway, without what goes through it (aws.amazon.com/vpc/pricing)."""
ADDRESS_USD = 0.005 * HOURS
"""A public IPv4 address (aws.amazon.com/vpc/pricing)."""
ENDPOINT_USD = 0.01 * HOURS
"""An interface endpoint in one zone (aws.amazon.com/privatelink/pricing)."""
INSTANCE_USD = {"t4g.small": 0.0168 * HOURS, "c7g.medium": 0.0363 * HOURS, "c8g.medium": 0.0399 * HOURS}
"""On demand (aws.amazon.com/ec2/pricing/on-demand)."""
DISK_USD_PER_GB = 0.08
"""gp3 (aws.amazon.com/ebs/pricing)."""
KEY_USD = 1.0
"""A key of one's own (aws.amazon.com/kms/pricing)."""
SECRET_USD = 0.40
"""aws.amazon.com/secrets-manager/pricing"""
CHANNEL_USD = 0.03
"""A signaling channel that was used in the month (aws.amazon.com/kinesis/video-streams/pricing)."""
METRIC_USD = 0.30
"""One of our own, in each hour in which it is published (aws.amazon.com/cloudwatch/pricing)."""
ALARM_USD = 0.10
"""For each metric that it looks at (aws.amazon.com/cloudwatch/pricing)."""
DASHBOARD_USD = 3.0
"""Beyond the account's first three (aws.amazon.com/cloudwatch/pricing)."""
INSTANCE_METRICS = 7
"""Of an instance with detailed monitoring, each billed as one of our own (aws.amazon.com/cloudwatch/pricing)."""
WEB_ACL_USD, RULE_USD = 5.0, 1.0
"""aws.amazon.com/waf/pricing"""
HEALTH_CHECK_USD = 1.50
"""Of an address at AWS, US$1 of it for asking every 10 s (aws.amazon.com/route53/pricing)."""

PUBLISHED_BY_THE_REAPER = (metrics.SESSIONS_ACTIVE, metrics.SESSIONS_REAPED)
"""Once a minute, also when there is nothing to do."""

type Resources = Mapping[str, list[Mapping[str, Any]]]
"""Properties, by type."""
type Bill = Mapping[str, float]
"""US$ a month, by what is paid for."""


def bill(templates: Iterable[Mapping[str, Any]]) -> Bill:
    """Return what the resources in *templates*, the stacks of one stage, cost in a month without a call."""
    found: Resources = _by_type(templates)

    def count(kind: str) -> int:
        return len(found[f"AWS::{kind}"])

    relays = count("AutoScaling::AutoScalingGroup")
    published = len(PUBLISHED_BY_THE_REAPER) + (len(RELAY_METRICS) if relays else 0)
    lines = {
        "NAT gateways": NAT_USD * count("EC2::NatGateway"),
        "public addresses": ADDRESS_USD * count("EC2::EIP"),
        "interface endpoints": ENDPOINT_USD * _endpoint_zones(found),
        "relays: instances, disks, detailed monitoring": relays * _instance_usd(found),
        "relays: channels, health checks": CHANNEL_USD * count("KinesisVideo::SignalingChannel")
        + HEALTH_CHECK_USD * count("Route53::HealthCheck"),
        "KMS keys": KEY_USD * count("KMS::Key"),
        "secrets": SECRET_USD * count("SecretsManager::Secret"),
        "alarms": ALARM_USD * sum(_watched(one) for one in found["AWS::CloudWatch::Alarm"]),
        "dashboard, and metrics published without a call": DASHBOARD_USD * count("CloudWatch::Dashboard")
        + METRIC_USD * published,
        "web ACL": sum(WEB_ACL_USD + RULE_USD * len(one["Rules"]) for one in found["AWS::WAFv2::WebACL"]),
    }
    return {name: usd for name, usd in lines.items() if usd}


def _by_type(templates: Iterable[Mapping[str, Any]]) -> Resources:
    found = defaultdict(list)
    for template in templates:
        for resource in template.get("Resources", {}).values():
            found[resource["Type"]].append(resource.get("Properties", {}))
    return found


def _endpoint_zones(found: Resources) -> int:
    endpoints = found["AWS::EC2::VPCEndpoint"]
    return sum(len(one["SubnetIds"]) for one in endpoints if one.get("VpcEndpointType") == "Interface")


def _instance_usd(found: Resources) -> float:
    """Return what one relay's instance costs: every group keeps one, all made after the same template."""
    if not found["AWS::EC2::LaunchTemplate"]:
        return 0.0
    (template,) = found["AWS::EC2::LaunchTemplate"]
    data = template["LaunchTemplateData"]
    gigabytes: int = sum(one["Ebs"]["VolumeSize"] for one in data["BlockDeviceMappings"])
    watched = INSTANCE_METRICS * METRIC_USD if data["Monitoring"]["Enabled"] else 0.0
    return INSTANCE_USD[data["InstanceType"]] + gigabytes * DISK_USD_PER_GB + watched


def _watched(alarm: Mapping[str, Any]) -> int:
    return len([one for one in alarm.get("Metrics", ()) if "MetricStat" in one]) or 1


def render(bills: Mapping[str, Bill]) -> str:
    """Return the page.

    Args:
        bills: By stage.
    """
    names = dict.fromkeys(name for one in bills.values() for name in one)
    lines = [
        f"| US$ a month | {' | '.join(f'`{stage}`' for stage in bills)} |",
        f"| --- |{' --- |' * len(bills)}",
    ]
    lines += [
        f"| {name} | {' | '.join(f'{one.get(name, 0):.2f}' for one in bills.values())} |" for name in names
    ]
    totals = [sum(one.values()) for one in bills.values()]
    lines += [
        f"| **together** | {' | '.join(f'**{usd:.2f}**' for usd in totals)} |",
        f"| **a day** | {' | '.join(f'**{usd / DAYS:.2f}**' for usd in totals)} |",
    ]
    return _PAGE.format(
        table="\n".join(lines), calls=METRIC_USD * (len(metrics.METRICS) - len(PUBLISHED_BY_THE_REAPER))
    )


_PAGE = """\
<!-- Written by `python -m scripts.costs.idle`; edit that. -->
# What a stage costs while nobody calls

Counted in the templates of the stages as they are shipped, at US list prices of us-east-1, October 2026, without free tiers.
Where each price is from stands beside it in `scripts/costs/idle.py`.

{table}

On top come, with or without calls, the reaper's minute (a function, 50 reads of a table, some lines of a log) and flow logs:
less than US$1 a month. While there are calls, each metric that they publish costs US$0.30 a month, by the hour: US${calls:.2f} if
every one is published in every hour. What a call costs is in [config.md](config.md#runtime) (`call_seconds`) and
[media-costs.md](media-costs.md); the bridge for Twilio, which no shipped stage has, in [bridge.md](bridge.md#what-it-costs).
"""


def synthesised(stage: str) -> list[Mapping[str, Any]]:
    """Return the templates of *stage*, as `cdk` makes them."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["cdk", "synth", "--quiet", "-c", f"stage={stage}", "-c", "nag=false", "--output", folder],
            cwd=ROOT,
            check=True,
        )
        return [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.template.json"))]


if __name__ == "__main__":
    PAGE.write_text(render({stage: bill(synthesised(stage)) for stage in STAGES}))
