"""What one core of coturn carries: packets, calls and allocations a second, and at what processor time.

coturn runs as it does on EC2 and has a core to itself as far as this machine allows; the callers, who send
speech as browsers do, have another.  One hop: a caller, the relay, a peer that sends everything back.  Relay
to relay: two callers who both sit behind the relay, where each packet passes it twice.  Beside them, in the
same minute, a plain UDP echo in C: the least that receiving a packet and sending it on costs here.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Sequence

from rich.console import Console

from scripts.benchmarks.errors import BenchmarkError
from scripts.benchmarks.relay_report import ONE_HOP, PLAIN, RELAY_TO_RELAY, RelayReport, Step
from scripts.benchmarks.relay_stage import RelayStage
from scripts.benchmarks.streams import PAYLOAD_BYTES, Exchange, Generator, Stream
from scripts.network.errors import LaboratoryError
from turn.allocation import Allocation
from turn.errors import TurnError

LIMIT_SECONDS = 45.0
"""What has not begun by then is left out; taking everything down again stays within the minute."""

STEP_SECONDS = 2.5
STEPS = (100, 200, 400, 800)
"""Streams at once; each holds an allocation."""

type Socketed = tuple[Allocation, socket.socket]


def measure(console: Console) -> RelayReport:
    """Load a relay more and more.

    Raises:
        BenchmarkError: It cannot be done here.
    """
    try:
        with RelayStage() as stage:
            return asyncio.run(_Measuring(stage, console).run())
    except (LaboratoryError, TurnError, OSError) as fault:
        raise BenchmarkError(str(fault)) from fault


class _Measuring:
    def __init__(self, stage: RelayStage, console: Console) -> None:
        self._stage = stage
        self._console = console
        self._report = RelayReport()
        self._ends_at = time.monotonic() + LIMIT_SECONDS

    async def run(self) -> RelayReport:
        with self._stage.plain_sockets(STEPS[0]) as plain:
            self._measure(PLAIN, [Stream(one) for one in plain], self._stage.echo_seconds)
        began, used = time.monotonic(), self._stage.relay_seconds()
        async with self._stage.allocations(max(STEPS)) as allocations:
            seconds = time.monotonic() - began
            self._report.allocations_per_second = len(allocations) / seconds
            self._report.allocations_processor_percent = 100 * (self._stage.relay_seconds() - used) / seconds
            await self._load(ONE_HOP, allocations, lambda _: self._stage.peer)
            await self._load(RELAY_TO_RELAY, allocations, lambda place: allocations[place ^ 1][0].relayed)
        return self._report

    async def _load(
        self, mode: str, allocations: Sequence[Socketed], peer_of: Callable[[int], tuple[str, int]]
    ) -> None:
        streams: list[Stream] = []
        for number in STEPS:
            for place in range(len(streams), number):
                allocation, opened = allocations[place]
                channel = await allocation.bind(peer_of(place))
                streams.append(Stream(opened, _head(channel)))
            if not self._measure(mode, streams, self._stage.relay_seconds):
                return

    def _measure(self, mode: str, streams: Sequence[Stream], used: Callable[[], float]) -> bool:
        """Measure one load; return whether a larger one is worth measuring."""
        if time.monotonic() > self._ends_at:
            return False
        step = self._try(mode, streams, used)
        if step.was_disturbed:
            step = self._try(mode, streams, used)
        self._report.steps.append(step)
        return step.is_bearable

    def _try(self, mode: str, streams: Sequence[Stream], used: Callable[[], float]) -> Step:
        before, dropped_before = used(), self._stage.dropped_by_relay()
        exchange = Generator(streams).run(STEP_SECONDS)
        dropped = self._stage.dropped_by_relay() - dropped_before
        step = _step(mode, len(streams), exchange, used() - before, dropped)
        self._console.print(step.line(), highlight=False, soft_wrap=True)
        return step


def _step(mode: str, streams: int, exchange: Exchange, processor_seconds: float, dropped: int) -> Step:
    # The relay handles a packet on its way out and on its way back; the plain echo handles it once.
    packets = exchange.received if mode == PLAIN else exchange.sent + exchange.received
    return Step(
        mode=mode,
        streams=streams,
        packets_per_second=packets / exchange.seconds,
        processor_percent=100 * processor_seconds / exchange.seconds,
        microseconds_per_packet=1e6 * processor_seconds / max(packets, 1),
        lost_percent=exchange.lost_percent,
        lost_by_relay_percent=100 * dropped / max(exchange.sent, 1),
        round_trip_p50_ms=exchange.round_trip_ms(50),
        round_trip_p99_ms=exchange.round_trip_ms(99),
        sent_percent=100 * exchange.sent / exchange.offered,
    )


def _head(channel: int) -> bytes:
    """Return the head of a ChannelData message (RFC 8656, section 12.4)."""
    return struct.pack("!HH", channel, PAYLOAD_BYTES)
