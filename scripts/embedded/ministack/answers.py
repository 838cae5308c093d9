"""What MiniStack's own APIs answer, for plug-ins that call them as functions."""

import json
from http import HTTPStatus
from typing import Any


def body_of(answer: tuple[int, dict[str, str], bytes]) -> dict[str, Any]:
    """Return the JSON of an answer.

    Raises:
        ValueError: The API refused; the message is its own.
    """
    status, _, raw = answer
    body: dict[str, Any] = json.loads(raw or b"{}")
    if status >= HTTPStatus.BAD_REQUEST:
        raise ValueError(body.get("message") or body.get("Message") or str(body))
    return body
