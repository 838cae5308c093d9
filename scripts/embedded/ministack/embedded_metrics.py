"""Metrics out of log lines, as CloudWatch Logs extracts them on AWS.

The agent and the door publish metrics by printing them; without this no dashboard and no alarm of the
embedded cloud would ever see one.

Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
"""

import json
import time
from collections.abc import Iterator
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs

_MARK = '"_aws"'
_MILLISECONDS = 1000


def extract_from_every_log() -> None:
    """Turn the embedded metrics of every line that reaches CloudWatch Logs into metrics."""
    append = cloudwatch_logs._append_log_events

    def append_and_extract(stream: Any, events: list[dict[str, Any]]) -> None:
        append(stream, events)
        data = [one for event in events if _MARK in event["message"] for one in metrics_in(event["message"])]
        for namespace, name, dimensions, seconds, unit, values in data:
            cloudwatch._store_datum(namespace, name, dimensions, seconds, unit, None, values, None, None)
        if data:
            cloudwatch._evaluate_all_alarms()

    cloudwatch_logs._append_log_events = append_and_extract


type Datum = tuple[str, str, dict[str, str], float, str, list[float]]
"""Namespace, name, dimensions, Unix seconds, unit, values."""


def metrics_in(line: str) -> Iterator[Datum]:
    """Yield each metric of *line* once per set of dimensions; nothing for a line of another kind."""
    try:
        document = json.loads(line)
        seconds = document["_aws"].get("Timestamp", time.time() * _MILLISECONDS) / _MILLISECONDS
        directives = document["_aws"]["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    for directive in directives:
        for names in directive.get("Dimensions") or [[]]:
            dimensions = {name: str(document[name]) for name in names if name in document}
            for metric in directive["Metrics"]:
                value = document.get(metric["Name"])
                if value is not None:
                    values = value if isinstance(value, list) else [value]
                    unit = metric.get("Unit", "None")
                    yield directive["Namespace"], metric["Name"], dimensions, seconds, unit, values
