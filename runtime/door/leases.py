"""Which open sessions hold allocations on which signaling channel, counted in the ledger's table.

Each channel has an item with the set of ids that it was promised to.  An id leaves the set when room is
needed and its session has ended meanwhile, so that whoever ends a session needs to know nothing of relays.
"""

import asyncio
from typing import Any

from runtime.clock import Clock
from runtime.door.places import Places
from runtime.door.rows import RETENTION_SECONDS
from runtime.door.table import Table
from turn.leases import CHANNEL_ALLOCATIONS

PREFIX = "relays-of-"
"""Begins the key of a channel's item; no session id looks like it."""


class LedgerLeases:
    """Counts for all processes of the door; see `turn.leases.Leases`.  A caller is a session's id.

    Args:
        client: botocore's DynamoDB client, which threads may share.
        table: Name of the ledger table.
        call_allocations: What one call holds.
        clock: The ledger's time; by default as *client* is told it.
    """

    def __init__(self, client: Any, table: str, *, call_allocations: int, clock: Clock | None = None) -> None:
        self._table = Table(client, table, clock=clock)
        self._places = Places(self._table, life_seconds=RETENTION_SECONDS)
        self._calls = CHANNEL_ALLOCATIONS // call_allocations

    async def take(self, channel: str, caller: str) -> bool:
        """Promise a call's allocations on *channel*; false when it has no room.

        Raises:
            LedgerUnavailableError: DynamoDB refused or did not answer.
        """
        return await asyncio.to_thread(self._take, channel, caller)

    async def undo(self, channel: str, caller: str) -> None:
        """Take back the promise to *caller* on *channel*: no credentials came of it.

        Raises:
            LedgerUnavailableError: DynamoDB refused or did not answer.
        """
        await asyncio.to_thread(self._drop, channel, {caller})

    async def release(self, caller: str) -> None:
        """Leave it to whoever needs the room."""

    def _take(self, channel: str, caller: str) -> bool:
        return self._add(channel, caller) or (self._tidy(channel) and self._add(channel, caller))

    def _add(self, channel: str, caller: str) -> bool:
        request = self._table.updating(
            PREFIX + channel,
            "ADD #session_ids :one SET #expires_at = :expires_at",
            # A call that renews its relays has its place already.
            "attribute_not_exists(#session_ids) OR contains(#session_ids, :id) OR size(#session_ids) < :calls",
            {
                "one": {"SS": [caller]},
                "id": {"S": caller},
                "calls": {"N": str(self._calls)},
                # A channel that left the pool is forgotten with the last of its calls.
                "expires_at": {"N": str(int(self._table.now()) + RETENTION_SECONDS)},
            },
        )
        return self._table.apply(request)

    def _tidy(self, channel: str) -> bool:
        """Drop the ids of sessions that have ended; say whether there were any."""
        ended = self._ids(PREFIX + channel) - {place.session_id for place in self._places.taken()}
        if ended:
            self._drop(channel, ended)
        return bool(ended)

    def _drop(self, channel: str, ids: set[str]) -> None:
        request = self._table.updating(
            PREFIX + channel, "DELETE #session_ids :ids", "", {"ids": {"SS": sorted(ids)}}
        )
        self._table.apply(request)

    def _ids(self, key: str) -> set[str]:
        return set(self._table.get(key).get("session_ids", {}).get("SS", []))
