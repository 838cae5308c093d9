"""The condition key by which a policy lets a role reach some items of a table only.

MiniStack does not know `dynamodb:LeadingKeys`, and conditions like `ForAllValues` on a key that is not there are met:
a role would have every item.

Source: "Actions, resources, and condition keys for Amazon DynamoDB", Service Authorization Reference.
"""

import json
from collections.abc import Iterator
from typing import Any

from ministack.core import iam_actions
from ministack.services import dynamodb

_KEY = "dynamodb:LeadingKeys"


def judge_by_leading_keys() -> None:
    """Have calls of DynamoDB judged by the partition keys that they name."""
    context_of = iam_actions.dynamodb_service_context

    def with_leading_keys(body: bytes) -> dict[str, Any]:
        context: dict[str, Any] = context_of(body)
        keys = list(_leading_keys(body))
        return {**context, **({_KEY: keys} if keys else {})}

    iam_actions.dynamodb_service_context = with_leading_keys


def _leading_keys(body: bytes) -> Iterator[str]:
    for table, item in _items(_parsed(body)):
        known = dynamodb._tables.get(str(table).rsplit("/", 1)[-1])
        value = item.get(known["pk_name"]) if known and isinstance(item, dict) else None
        if isinstance(value, dict):
            yield from (str(text) for text in value.values())


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def _items(request: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Return what a request names, each with its table: one item, or several of BatchGetItem."""
    for part in ("Key", "Item"):
        if part in request:
            yield request.get("TableName", ""), request[part]
    tables = request.get("RequestItems")
    for table, asked in (tables if isinstance(tables, dict) else {}).items():
        if isinstance(asked, dict):
            yield from ((table, key) for key in asked.get("Keys", ()))
