"""What an agent prints: to a file of its session, and to CloudWatch Logs as AgentCore sends it."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import botocore.exceptions

_BATCH_SECONDS = 1.0
_BATCH_LINES = 1000
_EMF_MARK = '"_aws"'


class SessionLog:
    """The output of one agent process.

    Args:
        file: Where every line goes at once.
        group: CloudWatch log group.
        logs: Makes a `logs` client with the session's own keys: AgentCore writes with the role's rights.
        metrics: A `cloudwatch` client of the platform, which turns embedded metrics into metrics.
    """

    def __init__(self, file: Path, group: str, logs: Callable[[], Any], metrics: Any) -> None:
        self._file = file.open("ab", buffering=0)
        self._group = group
        self._stream = f"{datetime.now(UTC):%Y/%m/%d}/[runtime-logs]{uuid4()}"
        self._make_logs = logs
        self._metrics = metrics
        self._waiting: list[dict[str, Any]] = []

    async def follow(self, output: asyncio.StreamReader) -> None:
        """Take lines from *output* until it ends, then deliver what is left."""
        shipper = asyncio.create_task(self._ship_now_and_then())
        try:
            while line := await _read_line(output):
                self._file.write(line)
                event = {
                    "timestamp": int(time.time() * 1000),
                    "message": line.decode(errors="replace").rstrip(),
                }
                if event["message"]:
                    self._waiting.append(event)
        finally:
            shipper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await shipper
            await self._ship()
            self._file.close()

    async def _ship_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_BATCH_SECONDS)
            await self._ship()

    async def _ship(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH_LINES], self._waiting[_BATCH_LINES:]
            try:
                await asyncio.to_thread(self._deliver, batch)
            except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as fault:
                # On AWS such lines are lost without a word; here the session's file says why.
                self._file.write(
                    f"data plane: {len(batch)} lines did not reach {self._group}: {fault}\n".encode()
                )

    def _deliver(self, batch: list[dict[str, Any]]) -> None:
        logs = self._make_logs()
        try:
            logs.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=batch)
        except logs.exceptions.ResourceNotFoundException:
            self._make_stream(logs)
            logs.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=batch)
        for event in batch:
            if _EMF_MARK in event["message"]:
                _publish(event["message"], self._metrics)

    def _make_stream(self, logs: Any) -> None:
        try:
            logs.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
        except logs.exceptions.ResourceNotFoundException:
            logs.create_log_group(logGroupName=self._group)
            logs.create_log_stream(logGroupName=self._group, logStreamName=self._stream)


async def _read_line(output: asyncio.StreamReader) -> bytes:
    try:
        return await output.readline()
    except ValueError:  # longer than the reader's limit: CloudWatch would cut it too
        return b"(a line too long to log)\n"


def _publish(line: str, metrics: Any) -> None:
    """Extract the metrics of an embedded-metric-format line, as CloudWatch Logs does on AWS.

    Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
    """
    try:
        document = json.loads(line)
        directives = document["_aws"]["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError):
        return
    for directive in directives:
        for dimensions in directive.get("Dimensions") or [[]]:
            data = [
                {
                    "MetricName": metric["Name"],
                    "Unit": metric.get("Unit", "None"),
                    "Values": document[metric["Name"]]
                    if isinstance(document[metric["Name"]], list)
                    else [document[metric["Name"]]],
                    "Dimensions": [{"Name": name, "Value": str(document[name])} for name in dimensions],
                }
                for metric in directive["Metrics"]
                if metric["Name"] in document
            ]
            if data:
                metrics.put_metric_data(Namespace=directive["Namespace"], MetricData=data)
