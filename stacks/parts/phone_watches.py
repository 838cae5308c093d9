"""What is watched about calls from phones, where a stage takes them."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_

from runtime import metrics
from stacks.parts.call_metric import call_metric
from stacks.parts.watch import Watch

PERIOD = Duration.minutes(5)

# Scanners find every open address and give up after a few tries; a provider whose secret has changed does not.
REFUSED_IN_PERIOD = 10


def phone_watches(stage: str, entry: lambda_.Function) -> tuple[Watch, ...]:
    """Return the alarms on what *entry*, which providers call, publishes."""
    return (
        Watch(
            name="PhoneCallsFailing",
            meaning="Callers from phones hear an apology instead of the agent.",
            metric=call_metric(metrics.PHONE_CALLS_FAILED, stage, "Sum"),
            threshold=0,
        ),
        Watch(
            name="WebhooksRefused",
            meaning="Many requests to the telephony entry are not what a provider has just signed.",
            metric=call_metric(metrics.WEBHOOKS_REFUSED, stage, "Sum"),
            threshold=REFUSED_IN_PERIOD,
        ),
        Watch(
            name="PhonesThrottled",
            meaning="Lambda turns phone calls away for lack of concurrency.",
            metric=entry.metric_throttles(statistic="Sum", period=PERIOD),
            threshold=0,
        ),
    )
