"""What a function that the agent may call consists of."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

type Answer = Mapping[str, Any]
"""What the model is told: short facts that it can put into words."""


class LastAnswer(dict[str, Any]):
    """An answer after which nothing is left to do: the model puts it into words, then the call ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One function, and what may be expected of it."""

    name: str
    description: str
    """Tells the model when to call it."""
    parameters: Mapping[str, Mapping[str, Any]]
    """JSON schema of each argument; all are required."""
    deadline_seconds: float
    """The caller hears nothing while a tool runs, so one that takes longer is given up."""
    owner: str
    """Who is asked when it fails."""
    run: Callable[[Mapping[str, Any]], Awaitable[Answer]]
