"""The metrics that agent and door publish, as CloudWatch finds them."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from runtime.metrics import DIMENSION, NAMESPACE, Metric

# Long enough for a percentile over a few answers, short enough that somebody still remembers the call.
PERIOD = Duration.minutes(5)


FEW_CALLS_WINDOW = Duration.hours(3)
"""Long enough for a second call where one comes every hour, so that a stage that always fails does not fail unheard."""


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


def beyond_share(
    metric: Metric, stage: str, *, share: float, bad: str = "total"
) -> cloudwatch.MathExpression:
    """Return by how many values of *metric*, which are 0 or 1, the bad ones are more than *share* of all.

    Over three hours: an alarm on it rings at the second bad value where calls are few, and does not where the same
    two are lost among hundreds; it rings within minutes where everything fails, and stays on between calls.

    Args:
        metric: Published as 0 or 1.
        stage: Whose.
        share: That is nobody's fault.
        bad: `total` where 1 is bad, `count - total` where 0 is.
    """
    return cloudwatch.MathExpression(
        expression=f"{bad} - {share} * count",
        using_metrics={
            "total": call_metric(metric, stage, "Sum", period=FEW_CALLS_WINDOW),
            "count": call_metric(metric, stage, "SampleCount", period=FEW_CALLS_WINDOW),
        },
        label=f"{metric.name} beyond {share:.0%}",
        period=FEW_CALLS_WINDOW,
    )
