"""`ActiveSessionCount`, as AgentCore publishes it: what the alarm on unaccounted sessions is made of."""

import asyncio

from botocore.exceptions import EndpointConnectionError

from scripts.embedded.agentcore.gauge import published
from tests.embedded.waiting import until


class CloudWatch:
    """Keeps what it was told; the first word of all gets lost."""

    def __init__(self) -> None:
        self.told = []
        self.asked = 0

    def put_metric_data(self, **request) -> None:
        self.asked += 1
        if self.asked == 1:
            raise EndpointConnectionError(endpoint_url="http://localhost")
        self.told.append(request)


async def test_the_sessions_of_the_moment_are_published_again_and_again():
    """A count that stops with its first fault would look like a cloud without sessions."""
    cloudwatch, counts = CloudWatch(), iter(range(1_000))

    async with published(lambda: next(counts), cloudwatch, period_seconds=0.01):
        await until(lambda: len(cloudwatch.told) >= 2)

    first, second, *_ = cloudwatch.told
    assert first["Namespace"] == "AWS/Bedrock-AgentCore"
    (datum,) = first["MetricData"]
    assert (datum["MetricName"], datum["Dimensions"]) == (
        "ActiveSessionCount",
        [{"Name": "Service", "Value": "AgentCore.Runtime"}],
    )
    assert [one["MetricData"][0]["Value"] for one in (first, second)] == [1, 2]
    assert asyncio.all_tasks() == {asyncio.current_task()}
