"""What was found out about one thing that a deployment, or a call, depends on."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class State(StrEnum):
    """Whether it stands in the way."""

    FINE = "ok"
    WRONG = "in the way"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of what `scripts/doctor` says.

    Attributes:
        checked: What was looked at.
        found: What is.
        follows: What follows from it, where something does.
        do: What to do about it.
    """

    checked: str = ""
    state: State
    found: str
    follows: str = ""
    do: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` prints of it."""
        return asdict(self)


class Check(NamedTuple):
    """Something to look at, and how."""

    name: str
    look: Callable[[], Finding]


type Checks = Iterable[Check]


def fine(found: str) -> Finding:
    """Say that it is as it must be."""
    return Finding(state=State.FINE, found=found)


def wrong(found: str, *, follows: str, do: str) -> Finding:
    """Say that it stands in the way."""
    return Finding(state=State.WRONG, found=found, follows=follows, do=do)


def unknown(found: str, *, do: str = "") -> Finding:
    """Say that it could not be found out."""
    return Finding(state=State.UNKNOWN, found=found, do=do)
