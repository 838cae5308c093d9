"""The metrics that agent and door publish, as CloudWatch finds them."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from runtime.metrics import DIMENSION, NAMESPACE, Metric

# Long enough for a percentile over a few answers, short enough that somebody still remembers the call.
PERIOD = Duration.minutes(5)


def call_metric(
    metric: Metric, stage: str, statistic: str, *, period: Duration = PERIOD, label: str | None = None
) -> cloudwatch.Metric:
    """Return *statistic* (`p95`, `Sum`, ...) of *metric* in *stage*."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=metric.name,
        dimensions_map={DIMENSION: stage},
        statistic=statistic,
        period=period,
        label=label,
    )
