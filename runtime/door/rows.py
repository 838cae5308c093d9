"""What a session's row looks like to DynamoDB, from its first write to its last."""

from collections.abc import Mapping
from typing import Any, Final

from runtime.door.errors import RowUnreadableError
from runtime.door.places import Place
from runtime.door.session import Figures, Reason, Session, State
from runtime.door.table import KEY, Attributes

RETENTION_SECONDS: Final = 30 * 24 * 3600
"""Life of a row: long enough to explain a month's bill, short for a record of who called."""

ABSENT: Final = f"attribute_not_exists({KEY})"
"""The condition that there is no row."""

SAME_OPENING: Final = "#state = :state AND #place = :place AND #started_at = :started_at"
"""The condition that a row is the very one of `opened`, and as that wrote it."""

JOINABLE: Final = "#state = :open OR (#state = :state AND #joined_by = :joined_by)"
"""The condition that a session waits for its agent, or that this very request has just joined it."""

# A session that nobody joined lasted no time at all.
_CLOSE: Final = "#seconds = :ended_at - if_not_exists(#joined_at, :ended_at)"


def opened(place: Place, now: float, *, owner: str, transport: str, call_seconds: int) -> Attributes:
    """Return the row of a session whose caller is still to come."""
    return {
        KEY: {"S": place.session_id},
        **_first_values(place, now, owner=owner, transport=transport, started_at=now),
        "state": {"S": State.OPEN},
        **({"call_seconds": {"N": str(call_seconds)}} if call_seconds else {}),
    }


def buried(place: Place, now: float) -> Attributes:
    """Return the row, but for its key, of a session whose door died before it wrote one."""
    return {
        **_first_values(place, now, owner="", transport="", started_at=float(place.taken_at)),
        "state": {"S": State.CLOSED},
        "reason": {"S": Reason.NEVER_OPENED},
        "ended_at": moment(now),
        "seconds": {"N": "0"},
    }


def joined(now: float, *, by: str) -> Attributes:
    """Return what changes when the agent takes the session, with a request that it calls *by*."""
    moments = {"joined_at": moment(now), "heartbeat_at": moment(now)}
    return {"state": {"S": State.ACTIVE}, "joined_by": {"S": by}, **moments}


def alive(now: float, figures: Figures | None, silent_seconds: float) -> Attributes:
    """Return what changes with a heartbeat."""
    silent = {"N": f"{silent_seconds:.1f}"}
    return {"heartbeat_at": moment(now), "silent_seconds": silent, **used(figures)}


def closed(now: float, reason: Reason, figures: Figures | None) -> tuple[str, Attributes]:
    """Return the update that ends a session, and its values."""
    values: Attributes = {
        "state": {"S": State.CLOSED},
        "reason": {"S": reason},
        "ended_at": moment(now),
        **used(figures),
    }
    return f"{setting(values)}, {_CLOSE}", values


def not_closed(seen: Session | None) -> tuple[str, Attributes]:
    """Return the condition that a session is not closed, and still as it was *seen* if it was; and its values."""
    if seen is None:
        return f"attribute_exists({KEY}) AND #state <> :state", {}
    if not seen.heartbeat_at:
        return "#state = :seen_state", {"seen_state": {"S": seen.state}}
    beat = {"seen_heartbeat_at": moment(seen.heartbeat_at)}
    return (
        "#state = :seen_state AND #heartbeat_at = :seen_heartbeat_at",
        {"seen_state": {"S": seen.state}, **beat},
    )


def used(figures: Figures | None) -> Attributes:
    """Return what is written of a call's figures."""
    return figures.to_item() if figures else {}


def place_of(row: Mapping[str, Any]) -> Place:
    """Return the place that the session of *row* holds, or held."""
    entry, shard_key = row["place"]["S"].rsplit(" ", 1)
    return Place.read(entry, shard_key)


def session_at(place: Place, row: Mapping[str, Any] | None) -> Session | RowUnreadableError | None:
    """Return the session of *row* if it holds *place*, or why nobody can tell."""
    try:
        return Session.from_item(row) if row and place_of(row) == place else None
    except (KeyError, TypeError, ValueError):
        return RowUnreadableError(
            f"The row of session {place.session_id} cannot be read, so its limits cannot be held.  Look at it, stop "
            "the session if it runs, and delete the row: its place is free soon after."
        )


def setting(values: Attributes) -> str:
    """Return the update that sets *values*."""
    return "SET " + ", ".join(f"#{name} = :{name}" for name in values)


def moment(seconds: float) -> dict[str, str]:
    """Write a moment to the millisecond, so that the length of a call can be had from two."""
    return {"N": f"{seconds:.3f}"}


def _first_values(place: Place, now: float, *, owner: str, transport: str, started_at: float) -> Attributes:
    return {
        "owner": {"S": owner},
        "transport": {"S": transport},
        "started_at": moment(started_at),
        "place": {"S": f"{place.entry} {place.shard_key}"},
        "expires_at": {"N": str(int(now) + RETENTION_SECONDS)},
    }
