"""How many relay allocations each signaling channel has promised to calls."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

CHANNEL_ALLOCATIONS = 50
"""A hard limit of Kinesis Video (kvswebrtc-limits.md, WebRTC developer guide, October 2026)."""

CALL_ALLOCATIONS = 3
"""What one call holds at most: the browser one per URL (UDP and TLS), the agent one (measured)."""

LONGEST_CALL_SECONDS = 3600
"""A WebSocket or WebRTC session on AgentCore lasts no longer (bedrock-agentcore-limits.md)."""


class Leases(Protocol):
    """Counts promised allocations; one shared by several processes counts for all of them."""

    async def take(self, channel: str, caller: str) -> bool:
        """Promise a call's allocations on *channel*; false when it has no room."""

    async def undo(self, channel: str, caller: str) -> None:
        """Take back the last promise to *caller* on *channel*: no credentials came of it."""

    async def release(self, caller: str) -> None:
        """End every promise to *caller*; harmless when there is none."""


@dataclass(frozen=True, slots=True)
class _Lease:
    channel: str
    caller: str
    ends_at: float


class LocalLeases:
    """Counts the allocations that this process has promised.

    Args:
        call_allocations: What one call takes.
        lease_seconds: After which a call that never ended is taken to have ended.
    """

    def __init__(
        self, *, call_allocations: int = CALL_ALLOCATIONS, lease_seconds: float = LONGEST_CALL_SECONDS
    ) -> None:
        self._calls_per_channel = CHANNEL_ALLOCATIONS // call_allocations
        self._lease_seconds = lease_seconds
        self._leases: list[_Lease] = []

    async def take(self, channel: str, caller: str) -> bool:
        """Promise a call's allocations on *channel*; false when it has no room."""
        now = asyncio.get_running_loop().time()
        self._leases = [one for one in self._leases if one.ends_at > now]
        if sum(one.channel == channel for one in self._leases) >= self._calls_per_channel:
            return False
        self._leases.append(_Lease(channel, caller, now + self._lease_seconds))
        return True

    async def undo(self, channel: str, caller: str) -> None:
        """Take back the last promise to *caller* on *channel*: no credentials came of it."""
        for place in reversed(range(len(self._leases))):
            if (self._leases[place].channel, self._leases[place].caller) == (channel, caller):
                del self._leases[place]
                return

    async def release(self, caller: str) -> None:
        """End every promise to *caller*; harmless when there is none."""
        self._leases = [one for one in self._leases if one.caller != caller]
