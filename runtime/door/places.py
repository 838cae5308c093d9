"""Places: who may have a session at once, in the whole stage and for each caller.

An item holds a set of entries, one for each session that may have a microVM.  A place is taken by a
conditional update of one item, so places never conflict as transactions on one item do, and an entry that
is added or taken out a second time changes nothing.

The stage's places are spread over shards, whose own caps sum to the stage's.  Each caller has an item of
their own.  A stage's entry is the first that is written and the last that goes, so whatever else a session
left behind is found from the shards.  docs/decisions/session-ledger.md goes through every order of events.
"""

import hashlib
import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from runtime.door.entries import Entries, entries_of
from runtime.door.errors import CallerLimitError, ConcurrencyReachedError, LedgerUnavailableError
from runtime.door.table import KEY, Table

SHARD_PREFIX: Final = "open-sessions-"
CALLER_PREFIX: Final = "sessions-of-"
"""Begin the keys of the items with places; no session id looks like them."""

SHARD_PLACES: Final = 100
"""Most places of a shard.

An entry has 89 bytes, so a full shard has 9 KB and each write of it costs 9 units: one shard takes 110 new
or ended sessions a second.
Source: an item collection's partition serves 1,000 write units a second ("Best practices for designing
partition keys", Amazon DynamoDB Developer Guide).
"""

SHARDS: Final = 50
"""As many as the largest cap needs (AgentCore's own quota of 5,000 sessions); all are read at once.

All of them are walked, whatever the cap is now: a stage whose cap was lowered still has sessions in more.
"""

LONGEST_SESSION_SECONDS: Final = 8 * 3600
"""AgentCore ends every session by then (LifecycleConfiguration, AgentCore developer guide)."""

_CALLER_CHARACTERS: Final = 32
_ROUNDS: Final = 8
"""Looks for a free place while others take each that is found; after that, the stage is as good as full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One session's place."""

    session_id: str
    taken_at: int
    """Unix seconds."""
    caller: str
    """A hash: items may be listed by people who need not know who calls."""
    shard: int

    @property
    def entry(self) -> str:
        """What stands for the place in the sets."""
        return f"{self.session_id} {self.taken_at} {self.caller}"

    @property
    def shard_key(self) -> str:
        """Key of the shard's item."""
        return f"{SHARD_PREFIX}{self.shard}"

    @property
    def caller_key(self) -> str:
        """Key of the caller's item."""
        return caller_key(self.caller)

    @classmethod
    def read(cls, entry: str, shard_key: str) -> Self:
        """Read what `entry` and `shard_key` are of a place."""
        session_id, taken_at, caller = entry.split(" ")
        shard = int(shard_key.removeprefix(SHARD_PREFIX))
        return cls(session_id=session_id, taken_at=int(taken_at), caller=caller, shard=shard)


class Places:
    """The sets of entries, in the ledger's table.

    Every method raises `LedgerUnavailableError` when DynamoDB refuses or does not answer.
    """

    def __init__(self, table: Table, *, life_seconds: int) -> None:
        self._table = table
        self._entries = Entries(table)
        self._life_seconds = life_seconds

    def take(
        self, session_id: str, *, caller: str, known: Mapping[str, Any], concurrency: int, per_caller: int
    ) -> Place:
        """Take one of *concurrency* places, and one of *per_caller* of the *caller*'s, whose item is *known*.

        Raises:
            CallerLimitError: The caller has that many sessions; nothing was taken.
            ConcurrencyReachedError: The stage has that many sessions; nothing was taken.
        """
        wanted = Place(session_id=session_id, taken_at=int(self._table.now()), caller=caller, shard=0)
        # First, so that somebody who keeps asking never holds a place that another could have.
        self._refuse_if_full(wanted, entries_of(known), per_caller)
        taken = self._take_of_stage(wanted, concurrency)
        try:
            has_place = self._add(taken.caller_key, taken.entry, per_caller)
        except LedgerUnavailableError:
            with suppress(LedgerUnavailableError):  # then the reaper frees it
                self.give_back(taken)
            raise
        if not has_place:
            self.give_back(taken)
            raise _caller_limit(per_caller)
        return taken

    def give_back(self, place: Place) -> None:
        """Free a place; it may be free already.  The shard is last, for it is where the reaper looks."""
        self._entries.drop(place.caller_key, {place.entry})
        self._entries.drop(place.shard_key, {place.entry})

    def taken(self) -> Iterator[Place]:
        """Go through every place that is taken."""
        for key, entries in self._shards().items():
            for entry in sorted(entries):
                yield Place.read(entry, key)

    def _refuse_if_full(self, wanted: Place, entries: set[str], per_caller: int) -> None:
        if len(entries) < per_caller:
            return
        # Only a write that arrives after its door gave it up, and everything else back, leaves one as old as this.
        oldest = self._table.now() - LONGEST_SESSION_SECONDS
        stale = {one for one in entries if int(one.split(" ")[1]) < oldest}
        if len(entries - stale) >= per_caller:
            raise _caller_limit(per_caller)
        self._entries.drop(wanted.caller_key, stale)

    def _take_of_stage(self, wanted: Place, concurrency: int) -> Place:
        caps = shard_caps(concurrency)
        shards = [secrets.randbelow(len(caps))]
        for _ in range(_ROUNDS):
            for shard in shards:
                taken = replace(wanted, shard=shard)
                if self._add(taken.shard_key, taken.entry, caps[shard]):
                    return taken
            shards = self._shards_with_room(caps) if len(caps) > 1 else []
            if not shards:
                break
        raise ConcurrencyReachedError(
            f"All {concurrency} sessions that this deployment allows at once are open, so none was added.  Try "
            "again when a call has ended, or raise the stage's concurrency."
        )

    def _shards_with_room(self, caps: Sequence[int]) -> list[int]:
        """Return them in no order, so that callers of one moment do not all go to the same."""
        held = self._shards()
        room = [shard for shard, cap in enumerate(caps) if len(held.get(f"{SHARD_PREFIX}{shard}", ())) < cap]
        random.SystemRandom().shuffle(room)
        return room

    def _shards(self) -> dict[str, set[str]]:
        keys = [f"{SHARD_PREFIX}{shard}" for shard in range(SHARDS)]
        return {item[KEY]["S"]: entries_of(item) for item in self._table.get_each(keys)}

    def _add(self, key: str, entry: str, most: int) -> bool:
        # Callers come and go, shards stay.
        until = int(self._table.now()) + self._life_seconds if key.startswith(CALLER_PREFIX) else None
        return self._entries.add(key, entry, most=most, expires_at=until)


def caller_of(owner: str) -> str:
    """Return what stands for *owner* in the sets."""
    return hashlib.sha256(owner.encode()).hexdigest()[:_CALLER_CHARACTERS]


def caller_key(caller: str) -> str:
    """Return the key of *caller*'s item."""
    return f"{CALLER_PREFIX}{caller}"


def shard_caps(concurrency: int) -> list[int]:
    """Return how many places each shard has, as evenly as can be; together they are *concurrency*."""
    shards = -(-concurrency // SHARD_PLACES)
    return [concurrency // shards + (shard < concurrency % shards) for shard in range(shards)]


def _caller_limit(per_caller: int) -> CallerLimitError:
    return CallerLimitError(
        f"You have {per_caller} sessions, which is all that one caller may have at once, so none was added.  End "
        "one, or wait until it has ended."
    )
