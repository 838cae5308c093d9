"""How many sessions are up, published as AgentCore does.

Source: "AgentCore generated runtime observability data", AgentCore developer guide: `ActiveSessionCount`, the
sessions of the whole account, once a minute.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

NAMESPACE, METRIC = "AWS/Bedrock-AgentCore", "ActiveSessionCount"
DIMENSIONS = [{"Name": "Service", "Value": "AgentCore.Runtime"}]
PERIOD_SECONDS = 60.0

_log = logging.getLogger(__name__)


async def publish_active_sessions(
    count: Callable[[], int], cloudwatch: Any, *, period_seconds: float = PERIOD_SECONDS
) -> None:
    """Publish what *count* says until cancelled, also when it is zero."""
    while True:
        await asyncio.sleep(period_seconds)
        datum = {"MetricName": METRIC, "Dimensions": DIMENSIONS, "Unit": "Count", "Value": count()}
        try:
            await asyncio.to_thread(cloudwatch.put_metric_data, Namespace=NAMESPACE, MetricData=[datum])
        except (ClientError, BotoCoreError) as fault:
            _log.warning("The count of sessions did not reach CloudWatch: %s", fault)


@contextlib.asynccontextmanager
async def published(
    count: Callable[[], int], cloudwatch: Any, *, period_seconds: float
) -> AsyncIterator[None]:
    """Publish for the block."""
    task = asyncio.create_task(publish_active_sessions(count, cloudwatch, period_seconds=period_seconds))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
