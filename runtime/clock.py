"""The ledger's time, which is AWS's own: one clock for everybody who writes its rows or judges them.

They are microVMs that were restored from a snapshot, functions that were frozen between two requests, and laptops.
One whose clock is five minutes ahead would end healthy calls, and one that is behind would let dead ones go on.
So each goes by the `Date` of DynamoDB's answers, which the monotonic clock of its machine carries on in between; who
asks another service and never DynamoDB goes by that one's.
"""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

DATE_SECONDS: Final = 1
"""A `Date` names the second in which it was written (RFC 9110, 5.6.7)."""

TRAVEL_SECONDS: Final = 30
"""How old a moment may be that came with a request: API Gateway gives up on one by then."""

_SENT_AT: Final = "ledger_clock_sent_at"

type Clock = Callable[[], float]
"""Returns seconds since 1970."""


class LedgerClock:
    """Seconds since 1970, as others have told them.

    What is told bounds the time from both sides, and a time within these bounds is left as it is.  So whole seconds
    do for an error of milliseconds: every answer that comes late in its second narrows it down.

    Args:
        wall: This machine's own time, for as long as it has been told no other.
        monotonic: Seconds that only ever grow.
    """

    def __init__(self, *, wall: Clock | None = None, monotonic: Clock | None = None) -> None:
        self._wall = wall or time.time
        self._monotonic = monotonic or time.monotonic
        self._ahead: float | None = None  # of the monotonic clock; none at import or start, for the snapshot

    def __call__(self) -> float:
        """Return the time."""
        return self._wall() if self._ahead is None else self._monotonic() + self._ahead

    @property
    def has_heard(self) -> bool:
        """Whether anybody has told the time."""
        return self._ahead is not None

    def hear(self, moment: Any, *, within_seconds: float = TRAVEL_SECONDS) -> None:
        """Believe that *moment* (seconds since 1970) was at most so long ago; anything else is not heard."""
        if not (isinstance(moment, int | float) and math.isfinite(moment) and moment > 1):
            return
        least = moment - self._monotonic()
        known = least if self._ahead is None else self._ahead
        self._ahead = min(max(known, least), least + within_seconds)

    def follow(self, client: Any) -> None:
        """Hear every answer to boto3's *client* from now on; following it twice changes nothing."""
        events, service = client.meta.events, client.meta.service_model.service_id.hyphenize()
        for event, heard in (("before-call", self._sent), ("after-call", self._answered)):
            events.register(f"{event}.{service}", heard, unique_id=f"ledger-clock-{event}-{id(self)}")

    def _sent(self, context: dict[str, Any], **_: Any) -> None:
        context[_SENT_AT] = self._monotonic()

    def _answered(self, parsed: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        """Hear an answer's date; a refusal has one as well."""
        from email.utils import parsedate_to_datetime  # noqa: PLC0415  # botocore has it by now, an agent's start not

        date = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
        try:
            moment = parsedate_to_datetime(date).timestamp()
        except ValueError:
            return
        now = self._monotonic()
        self.hear(moment, within_seconds=DATE_SECONDS + now - context.get(_SENT_AT, now))


_FOLLOWING: WeakKeyDictionary[Any, LedgerClock] = WeakKeyDictionary()


def clock_of(client: Any) -> LedgerClock:
    """Return the clock that follows boto3's *client*: the same for all who use the client."""
    clock = _FOLLOWING.setdefault(client, LedgerClock())
    clock.follow(client)
    return clock
