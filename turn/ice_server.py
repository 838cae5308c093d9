"""The shape in which every source of relays answers."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class IceServer:
    """Ways to one relay and the password that opens them, as WebRTC's RTCIceServer names them."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = field(default="", repr=False)  # logs print dataclasses; a password must not follow
    lifetime_seconds: int | None = None
    """How long the password makes new allocations; none when it does not expire."""


class IceServers(Protocol):
    """Issues what one call needs to reach relays; both of its ends use the same answer."""

    async def issue(self, caller: str, lifetime_seconds: int) -> tuple[IceServer, ...]:
        """Return every server that the call may use, best first.

        Args:
            caller: A name for this call that no other call has.  It is sent to relays and appears in
                their logs, so it must not say who calls.
            lifetime_seconds: How long new allocations must be possible; a source that cannot choose
                answers with its own lifetime.

        Raises:
            TurnError: There are none; its kinds say whether trying again helps.
        """

    async def release(self, caller: str) -> None:
        """Give back what is held for *caller*, because the call has ended; harmless when nothing is."""
