"""One way to a relay, tried out: two allocations that send each other what a call would."""

import asyncio
import ssl
import statistics
import struct
from dataclasses import dataclass

from turn.allocation import Allocation
from turn.errors import AllocationError
from turn.ice_server import IceServer

PACKET_BYTES = 122
"""A packet of speech: Opus at 40 kbit/s with RTP and SRTP around it, every 20 ms."""
INTERVAL_SECONDS = 0.02
PATIENCE_SECONDS = 5.0
LATE_SECONDS = 1.0
"""A packet that is later is lost to a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayReport:
    """What came of trying one URL; figures are none where it was not reached."""

    url: str
    browser: bool
    """Whether browsers are given it; agents are given every one."""
    error: str = ""
    allocate_milliseconds: float | None = None
    round_trip_milliseconds: float | None = None
    """Median, from here to the relay and back."""
    round_trip_p95_milliseconds: float | None = None
    packets_sent: int = 0
    packets_lost: int = 0
    lifetime_seconds: int | None = None
    """Of the allocation, before it must be refreshed."""

    @property
    def reachable(self) -> bool:
        """Whether it gave allocations."""
        return not self.error

    @property
    def lost_share(self) -> float:
        """Packets lost by packets sent."""
        return self.packets_lost / self.packets_sent if self.packets_sent else 0.0


async def try_out(
    way: IceServer, *, browser: bool, packets: int, ssl_context: ssl.SSLContext | None = None
) -> WayReport:
    """Allocate twice on the one URL of *way*, send *packets* from one to the other, end both."""
    url, loop = way.urls[0], asyncio.get_running_loop()
    began = loop.time()
    try:
        async with await _open(way, ssl_context) as sender:
            allocated = loop.time() - began
            async with await _open(way, ssl_context) as receiver:
                times = await _relay(sender, receiver, packets)
    except AllocationError as fault:
        return WayReport(url=url, browser=browser, error=str(fault))
    return WayReport(
        url=url,
        browser=browser,
        allocate_milliseconds=_milliseconds(allocated),
        round_trip_milliseconds=_milliseconds(statistics.median(times)) if times else None,
        round_trip_p95_milliseconds=_milliseconds(_p95(times)) if times else None,
        packets_sent=packets,
        packets_lost=packets - len(times),
        lifetime_seconds=sender.lifetime_seconds,
    )


async def _open(way: IceServer, ssl_context: ssl.SSLContext | None) -> Allocation:
    return await Allocation.open(way.urls[0], way, ssl_context=ssl_context, patience_seconds=PATIENCE_SECONDS)


async def _relay(sender: Allocation, receiver: Allocation, packets: int) -> list[float]:
    """Return how long each packet took that arrived in time, in seconds."""
    channel = await sender.bind(receiver.relayed)
    await receiver.bind(sender.relayed)
    loop = asyncio.get_running_loop()
    sent_at: list[float] = []
    took: dict[int, float] = {}

    async def receive() -> None:
        while len(took) < packets:
            _, data = await receiver.receive()
            (number,) = struct.unpack_from("!I", data)
            took.setdefault(number, loop.time() - sent_at[number])

    receiving = asyncio.create_task(receive())
    try:
        for number in range(packets):
            sent_at.append(loop.time())
            sender.send(struct.pack("!I", number).ljust(PACKET_BYTES, b"\0"), channel=channel)
            await asyncio.sleep(INTERVAL_SECONDS)
        await asyncio.wait([receiving], timeout=LATE_SECONDS)
    finally:
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
    return [seconds for seconds in took.values() if seconds <= LATE_SECONDS]


def _p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, round(0.95 * len(values)))]


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)
