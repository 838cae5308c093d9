"""The resource that CloudWatch Logs authorises a write to: the stream, not its group.

MiniStack judges both writes against the group, so a role that may write to streams only was denied.

Source: AWS "Runtime permissions" (AgentCore) grants `CreateLogStream` and `PutLogEvents` on
`log-group:...:log-stream:*`.
"""

import json
from typing import Any

from ministack.core import iam_actions

_WRITES = ("CreateLogStream", "PutLogEvents")


def authorize_by_stream() -> None:
    """Judge writes to a log stream against the stream's own ARN."""
    extract = iam_actions.extract_resource_arn

    def by_stream(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> str:
        arn: str = extract(service, method, path, headers, body, *rest)
        if service == "logs" and headers.get("x-amz-target", "").endswith(_WRITES):
            return f"{arn}:log-stream:{json.loads(body).get('logStreamName', '')}"
        return arn

    iam_actions.extract_resource_arn = by_stream
