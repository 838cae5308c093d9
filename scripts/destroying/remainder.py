"""One thing of a stage that is still there, and what it costs."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """Something that is left.

    Attributes:
        what: Its kind, and what AWS calls it.
        why: It is still there.
        usd_a_month: Of keeping it, at US list prices; None where nobody can say.
        do: How it goes.
    """

    what: str
    why: str
    usd_a_month: float | None
    do: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` prints of it."""
        return asdict(self)
