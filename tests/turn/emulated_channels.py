"""Kinesis Video's limits per channel: 5 requests within a second and 50 allocations."""

import asyncio
import random
from collections import Counter, defaultdict

from turn.errors import RelaysBusyError
from turn.ice_server import IceServer


class EmulatedChannels:
    """Issues relays as Kinesis Video does, and counts what it had to refuse.

    Args:
        slowest_seconds: The longest way to it; each request takes a random part of that.
    """

    def __init__(self, *, slowest_seconds: float = 0.0) -> None:
        self.throttled = 0
        self.issued: Counter[str] = Counter()
        self._slowest = slowest_seconds
        self._chance = random.Random(7)  # noqa: S311 - seeded, so that a failure can be repeated
        self._seen: dict[str, list[float]] = defaultdict(list)
        self._held: Counter[str] = Counter()
        self.most_held = 0

    async def ice_servers(self, arn: str) -> tuple[IceServer, ...]:
        await asyncio.sleep(self._chance.uniform(0, self._slowest))
        now = asyncio.get_running_loop().time()
        self._seen[arn] = [at for at in self._seen[arn] if now - at < 1.0]
        if len(self._seen[arn]) >= 5:
            self.throttled += 1
            raise RelaysBusyError("Rate exceeded")
        self._seen[arn].append(now)
        self.issued[arn] += 1
        urls = tuple(
            f"{scheme}:{arn.split('/')[1]}.example:443?transport={transport}"
            for scheme, transport in (("turn", "udp"), ("turns", "udp"), ("turns", "tcp"))
        )
        return (IceServer(urls=urls, username=arn, credential="p", lifetime_seconds=300),)

    async def call(self, arn: str, allocations: int, seconds: float) -> None:
        """Hold allocations on a channel as a call does; the fifty-first is what nobody may see."""
        self._held[arn] += allocations
        self.most_held = max(self.most_held, self._held[arn])
        await asyncio.sleep(seconds)
        self._held[arn] -= allocations
