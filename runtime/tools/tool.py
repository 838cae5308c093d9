"""What a function that the agent may call consists of."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_DEADLINE_SECONDS = 6.0
"""Nova Sonic gets no audio while a tool runs, and callers take longer silence for a dead line."""

# Source: Amazon Bedrock API reference, `ToolSpecification`: 1 to 64 of these characters.
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

type Answer = Mapping[str, Any]
"""What the model is told: short facts that it can put into words."""


class LastAnswer(dict[str, Any]):
    """An answer after which nothing is left to do: the model puts it into words, then the call ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One function, and what may be expected of it.

    Raises:
        ValueError: The model could not call it, or nobody could be asked about it.
    """

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

    def __post_init__(self) -> None:
        """Refuse what would fail only once a caller waits for it."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"A tool is named {self.name!r}, which Bedrock refuses; take 1 to 64 letters, digits, _ or -."
            )
        if not self.description.strip():
            raise ValueError(
                f"Tool {self.name} has no description, by which the model knows when to call it."
            )
        if not 0 < self.deadline_seconds <= LONGEST_DEADLINE_SECONDS:
            raise ValueError(
                f"Tool {self.name} has a deadline of {self.deadline_seconds} s, in which the caller would hear "
                f"nothing; take more than 0 and at most {LONGEST_DEADLINE_SECONDS:g}."
            )
        if not self.owner.strip():
            raise ValueError(f"Tool {self.name} has no owner, so nobody is asked when it fails.")
