"""Why a right is given, and which call uses it."""

from dataclasses import dataclass
from fnmatch import fnmatch

from scripts.reporting.statements import Statement

LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")


@dataclass(frozen=True, slots=True)
class Use:
    """What some rights are for."""

    kind: str
    holder: str
    """Pattern of the name of the role or the resource."""
    actions: tuple[str, ...]
    why: str
    call: str
    """What uses it: a request, an event, or a moment of a call."""
    effect: str = "Allow"
    on: str = "*"
    """Pattern of one of the resources, where an action is for several things."""

    def covers(self, statement: Statement, action: str) -> bool:
        """Say whether this is about *action* of *statement*."""
        return (
            self.kind == statement.kind
            and self.effect == statement.effect
            and action in self.actions
            and fnmatch(statement.holder, self.holder)
            and any(fnmatch(one, self.on) for one in statement.resources or ("",))
        )
