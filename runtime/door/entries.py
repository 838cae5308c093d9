"""Sets of entries in the ledger's table, each item with a cap of its own: what places and shares are counted by.

An entry that is added or taken out a second time changes nothing, so an answer of DynamoDB's that gets lost, and
that botocore then asks for again, counts nothing twice.
"""

from collections.abc import Collection, Mapping
from typing import Any

from runtime.door.table import KEY, Attributes, Table


class Entries:
    """The items with sets.

    Every method raises `LedgerUnavailableError` when DynamoDB refuses or does not answer.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, key: str, entry: str, *, most: int, expires_at: int | None = None) -> bool:
        """Add *entry* to the set of *key*, unless it has *most* others; say whether it is there.

        The item forgets itself at *expires_at* (Unix seconds), if that is given.
        """
        values: dict[str, Mapping[str, Any]] = {
            "one": {"SS": [entry]},
            "entry": {"S": entry},
            "most": {"N": str(most)},
        }
        update = "ADD #entries :one"
        if expires_at is not None:
            update += " SET #expires_at = :expires_at"
            values["expires_at"] = {"N": str(expires_at)}
        condition = "attribute_not_exists(#entries) OR size(#entries) < :most OR contains(#entries, :entry)"
        return self._table.apply(self._table.updating(key, update, condition, values))

    def drop(self, key: str, entries: Collection[str]) -> None:
        """Take *entries*, of which there is one at least, out of the set of *key*."""
        values: Attributes = {"gone": {"SS": sorted(entries)}}
        # An update makes the item that it does not find.
        there = f"attribute_exists({KEY})"
        self._table.apply(self._table.updating(key, "DELETE #entries :gone", there, values))


def entries_of(item: Mapping[str, Any]) -> set[str]:
    """Return the set that *item* holds; an item that is not there holds none."""
    return set(item.get("entries", {}).get("SS", ()))
