"""One DynamoDB table, with its failures put into words, and the time by which its items are written."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from runtime.clock import Clock, LedgerClock, clock_of
from runtime.door.errors import LedgerUnavailableError

type Attributes = Mapping[str, Mapping[str, Any]]
"""Attributes as DynamoDB's wire has them: name to type to value."""

KEY = "session_id"

# Before asking again for what a busy table left out of an answer, which botocore does not do by itself.  AWS asks
# for growing pauses; they differ from caller to caller, so that those of one moment do not come back together.
# Source: BatchGetItem ("UnprocessedKeys"), Amazon DynamoDB API Reference.
_PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.4)

_CONDITION_FAILED = "ConditionalCheckFailedException"

# Every role that uses the table may update such an item, and there is none.
NOBODYS: Final = "hotline-nobody"


class _ConditionFailedError(Exception):
    """A condition did not hold."""


class Table:
    """The ledger's table by its key, for the few shapes of request that the ledger needs.

    Args:
        client: botocore's DynamoDB client, which threads may share.
        name: Of the table.
        clock: Its time; by default as *client* is told it.

    Every method raises `LedgerUnavailableError` when DynamoDB refuses or does not answer.
    """

    def __init__(self, client: Any, name: str, *, clock: Clock | None = None) -> None:
        self._client = client
        self._name = name
        self._clock = clock or clock_of(client)

    def now(self) -> float:
        """Return the time by which items are written (seconds since 1970): DynamoDB's, not this machine's.

        Who has not been told it yet asks, with an update that never finds its item.
        """
        if isinstance(self._clock, LedgerClock) and not self._clock.has_heard:
            self._ask_for_the_time(self._clock)
        return self._clock()

    def get(self, key: str) -> dict[str, Any]:
        """Return the item as last written; empty when there is none."""
        answer = self._send(self._client.get_item, **self._at(key), ConsistentRead=True)
        item: dict[str, Any] = answer.get("Item", {})
        return item

    def get_each(self, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Go through the items of at most 100 *keys*, as last written, each once and in no order."""
        # DynamoDB refuses a request that names an item twice.
        each = [{KEY: {"S": key}} for key in dict.fromkeys(keys)]
        asked = {self._name: {"Keys": each, "ConsistentRead": True}}
        for pause in (*_PAUSES_SECONDS, 0.0):
            answer = self._send(self._client.batch_get_item, RequestItems=asked)
            yield from answer["Responses"].get(self._name, [])
            asked = answer.get("UnprocessedKeys", {})
            if not asked:
                return
            if pause:  # the table is busy, and stays so if everybody comes back in the same moment
                time.sleep(pause * random.SystemRandom().uniform(0.5, 1))
        raise self._unavailable("UnprocessedKeys")

    def update(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Do what `updating` made; return the whole new item, or nothing if its condition fails."""
        try:
            answer = self._send(self._client.update_item, **request, ReturnValues="ALL_NEW")
        except _ConditionFailedError:
            return None
        item: dict[str, Any] = answer["Attributes"]
        return item

    def apply(self, request: Mapping[str, Any]) -> bool:
        """Do what `updating` made, and learn nothing of the item but whether its condition holds."""
        try:
            self._send(self._client.update_item, **request, ReturnValues="NONE")
        except _ConditionFailedError:
            return False
        return True

    def add(self, item: Attributes, condition: str, values: Attributes) -> bool:
        """Put *item* where *condition* holds, as in `updating`; say whether it did."""
        try:
            self._send(
                self._client.put_item,
                TableName=self._name,
                Item=dict(item),
                **_conditional(condition, condition, values),
            )
        except _ConditionFailedError:
            return False
        return True

    def updating(self, key: str, update: str, condition: str, values: Attributes) -> dict[str, Any]:
        """Make the request for the expression *update*, to be applied where *condition* holds.

        Both call attributes `#name`, because `state` and `owner` are reserved words, and *values* `:name`.
        """
        return {
            **self._at(key),
            "UpdateExpression": update,
            **_conditional(condition, f"{update} {condition}", values),
        }

    def _ask_for_the_time(self, clock: LedgerClock) -> None:
        """Have DynamoDB say anything at all."""
        try:
            self.apply({**self._at(NOBODYS), "ConditionExpression": f"attribute_exists({KEY})"})
        except LedgerUnavailableError:
            if not clock.has_heard:  # a refusal tells the time as well
                raise

    def _at(self, key: str) -> dict[str, Any]:
        return {"TableName": self._name, "Key": {KEY: {"S": key}}}

    def _send(self, operation: Callable[..., dict[str, Any]], **request: Any) -> dict[str, Any]:
        try:
            return operation(**request)
        except ClientError as fault:
            code = str(fault.response["Error"]["Code"])
            if code == _CONDITION_FAILED:
                raise _ConditionFailedError from None
            # botocore has repeated what was throttled; repeating it from here would prolong the throttling.
            raise self._unavailable(code) from fault
        except BotoCoreError as fault:
            raise self._unavailable(type(fault).__name__) from fault

    def _unavailable(self, code: str) -> LedgerUnavailableError:
        return LedgerUnavailableError(
            f"DynamoDB did not serve the ledger table {self._name} ({code}), so this was not "
            "written.  If it was throttled, try again; if access was denied or the table is not there, "
            "deploy the stage again."
        )


def _conditional(condition: str, expressions: str, values: Attributes) -> dict[str, Any]:
    """Return the parameters for *condition*, if there is one, and for what *expressions* mention."""
    names = set(re.findall(r"#(\w+)", expressions))
    return {
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
        **({"ConditionExpression": condition} if condition else {}),
    }
