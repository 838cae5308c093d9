"""What is watched about relays of our own: whether they answer, are full, are misused, and can do TLS."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.config import CoturnConfig
from stacks.parts.watch import BELOW, Watch
from turn.coturn import metrics as relay_metrics

PERIOD = Duration.minutes(5)
REPORTS_IN_PERIOD = 5
# A report that falls into the next period is no silence.
LATE_REPORTS = 2

# Of the relayed ports of one relay; beyond its quota coturn refuses allocations.
FULL_SHARE = 0.8

# Calls do not try: browsers never offer such candidates, and every packet was aimed by somebody.
STRAYS_IN_PERIOD = 10

# Certificates live 90 days and are renewed with 30 left: at 14 a fortnight of attempts has failed.
CERTIFICATE_DAYS_LEAST = 14


def coturn_watches(stage: str, config: CoturnConfig) -> tuple[Watch, ...]:
    """Return the alarms on what the relays publish about themselves."""
    quota = config.relay_ports_last - config.relay_ports_first + 1
    watches = (
        Watch(
            name="RelaySilent",
            meaning="A relay does not answer; calls go over the others, if there are any.",
            metric=relay_metric(relay_metrics.ALLOCATIONS, stage, "SampleCount"),
            threshold=config.relays * REPORTS_IN_PERIOD - LATE_REPORTS,
            comparison=BELOW,
            periods=2,
            of_which=2,
            silence_is_bad=True,
        ),
        Watch(
            name="RelayFull",
            meaning="A relay has hardly a port left for another call.",
            metric=relay_metric(relay_metrics.ALLOCATIONS, stage, "Maximum"),
            threshold=FULL_SHARE * quota,
        ),
        Watch(
            name="RelayMisused",
            meaning="Somebody with a credential aims packets at the relay's host or its metadata service.",
            metric=relay_metric(relay_metrics.STRAYS, stage, "Sum"),
            threshold=STRAYS_IN_PERIOD,
        ),
    )
    if not config.hosted_zone_id:
        return watches
    return (
        *watches,
        Watch(
            name="CertificateExpiring",
            meaning="A relay's certificate was not renewed; soon callers behind strict firewalls are shut out.",
            metric=relay_metric(relay_metrics.CERTIFICATE_DAYS, stage, "Minimum"),
            threshold=CERTIFICATE_DAYS_LEAST,
            comparison=BELOW,
            # The one that a relay begins with is valid for a day.
            periods=12,
            of_which=12,
        ),
    )


def relay_graphs(stage: str, config: CoturnConfig) -> Mapping[str, list[cloudwatch.IMetric]]:
    """Return the dashboard's row about relays."""
    graphs: dict[str, list[cloudwatch.IMetric]] = {
        "Relays: ports in use, on the fullest": [relay_metric(relay_metrics.ALLOCATIONS, stage, "Maximum")],
        "Relays: packets and flows that were dropped": [
            relay_metric(one, stage, "Sum") for one in (relay_metrics.STRAYS, relay_metrics.EXCESS)
        ],
    }
    if config.hosted_zone_id:
        graphs["Relays: days left of the oldest certificate"] = [
            relay_metric(relay_metrics.CERTIFICATE_DAYS, stage, "Minimum")
        ]
    return graphs


def relay_metric(name: str, stage: str, statistic: str) -> cloudwatch.Metric:
    """Return *statistic* of what all relays of *stage* publish as *name*."""
    return cloudwatch.Metric(
        namespace=relay_metrics.NAMESPACE,
        metric_name=name,
        dimensions_map={relay_metrics.DIMENSION: stage},
        statistic=statistic,
        period=PERIOD,
    )
