"""One DynamoDB table, with its conflicts retried and its failures put into words."""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runtime.door.errors import LedgerUnavailableError

type Attributes = Mapping[str, Mapping[str, Any]]
"""Attributes as DynamoDB's wire has them: name to type to value."""

KEY = "session_id"

# Two sessions that open or close at the same moment touch the same item, and DynamoDB then refuses one;
# botocore repeats a throttled request, but not this one.
# Source: "Transaction conflict handling in DynamoDB", Amazon DynamoDB Developer Guide.
_CONFLICTS = frozenset({"TransactionConflict", "TransactionConflictException"})
_ATTEMPTS = 8
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 0.4


class _ConditionFailedError(Exception):
    """A condition did not hold; `codes` has DynamoDB's verdict on each write."""

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__(*codes)
        self.codes = codes


class Table:
    """The ledger's table by its key, for the few shapes of request that the ledger needs.

    Every method raises `LedgerUnavailableError` when DynamoDB refuses or does not answer.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: str) -> dict[str, Any]:
        """Return the item as last written; empty when there is none."""
        answer = self._send(self._client.get_item, **self._at(key), ConsistentRead=True)
        item: dict[str, Any] = answer.get("Item", {})
        return item

    def get_each(self, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Go through the items of at most 100 *keys*, as last written and in no order."""
        asked = {self._name: {"Keys": [{KEY: {"S": key}} for key in keys], "ConsistentRead": True}}
        while asked:
            answer = self._send(self._client.batch_get_item, RequestItems=asked)
            yield from answer["Responses"].get(self._name, [])
            asked = answer.get("UnprocessedKeys", {})

    def update(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Apply what `setting` made; return the whole new item, or nothing if its condition fails."""
        try:
            answer = self._send(self._client.update_item, **request, ReturnValues="ALL_NEW")
        except _ConditionFailedError:
            return None
        item: dict[str, Any] = answer["Attributes"]
        return item

    def transact(self, *writes: Mapping[str, Any]) -> tuple[bool, ...]:
        """Apply all *writes* or none; say of each whether its condition held."""
        try:
            self._send(self._client.transact_write_items, TransactItems=list(writes))
        except _ConditionFailedError as refusal:
            return tuple(code != "ConditionalCheckFailed" for code in refusal.codes)
        return (True,) * len(writes)

    def putting(self, item: Attributes) -> dict[str, Any]:
        """Make the request that adds *item*, if its key is new."""
        absent = f"attribute_not_exists({KEY})"
        return {"TableName": self._name, "Item": dict(item), "ConditionExpression": absent}

    def updating(self, key: str, update: str, condition: str, values: Attributes) -> dict[str, Any]:
        """Make the request for the expression *update*, to be applied where *condition* holds.

        Both call attributes `#name`, because `state` and `owner` are reserved words, and *values* `:name`.
        """
        request = {
            **self._at(key),
            "UpdateExpression": update,
            "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
        }
        if condition:
            request["ConditionExpression"] = condition
        names = re.findall(r"#(\w+)", f"{update} {condition}")
        request["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        return request

    def _at(self, key: str) -> dict[str, Any]:
        return {"TableName": self._name, "Key": {KEY: {"S": key}}}

    def _send(self, operation: Callable[..., dict[str, Any]], **request: Any) -> dict[str, Any]:
        attempt = 1
        while True:
            try:
                return operation(**request)
            except ClientError as fault:
                codes = _codes(fault)
                if any("ConditionalCheckFailed" in code for code in codes):
                    raise _ConditionFailedError(codes) from None
                if attempt == _ATTEMPTS or not _CONFLICTS.intersection(codes):
                    raise self._unavailable(codes) from fault
            except BotoCoreError as fault:
                raise self._unavailable([type(fault).__name__]) from fault
            _pause(attempt)
            attempt += 1

    def _unavailable(self, codes: Sequence[str]) -> LedgerUnavailableError:
        return LedgerUnavailableError(
            f"DynamoDB did not serve the ledger table {self._name} ({', '.join(codes)}), so nothing was "
            "written.  If it was throttled, try again; if access was denied or the table is not there, "
            "deploy the stage again."
        )


def _codes(fault: ClientError) -> list[str]:
    """Return DynamoDB's error code, or one per write when it cancelled a transaction."""
    reasons = fault.response.get("CancellationReasons")
    if reasons:
        return [str(reason.get("Code", "None")) for reason in reasons]
    return [str(fault.response["Error"]["Code"])]


def _pause(attempt: int) -> None:
    longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)
    # Not `random`: its state is part of the agent's snapshot, and sessions would pause in step.
    time.sleep(longest * secrets.randbelow(1000) / 1000)
