"""What was measured of a relay, and what follows for its size."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Group
from rich.table import Table

from scripts.benchmarks.streams import PACKETS_PER_SECOND

ONE_HOP, RELAY_TO_RELAY, PLAIN = "one hop", "relay to relay", "plain UDP echo"
ALLOCATIONS_PER_CALL = {ONE_HOP: 1, RELAY_TO_RELAY: 2}

BEARABLE_LOSS_PERCENT = 1.0
PLANNED_PERCENT = 75
"""How much of a core is planned for: above it packets begin to wait."""
FULLY_SENT_PERCENT = 98.0
"""With less than that sent, this machine's generator was the limit, and not the relay."""

PACKETS_PER_ALLOCATION = 2 * PACKETS_PER_SECOND
"""As many come from the peer as from the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One load."""

    mode: str
    streams: int
    packets_per_second: float
    """Taken in and sent on."""
    processor_percent: float
    """Of one core."""
    microseconds_per_packet: float
    lost_percent: float
    """Anywhere: where callers and peers share a core, they lose packets that the relay would have carried."""
    lost_by_relay_percent: float
    round_trip_p50_ms: float
    round_trip_p99_ms: float
    sent_percent: float
    """Of what should have been sent."""

    @property
    def calls(self) -> int:
        """How many calls that was."""
        return self.streams // ALLOCATIONS_PER_CALL.get(self.mode, 1)

    @property
    def is_bearable(self) -> bool:
        """Whether the relay carried it, and all of it was offered."""
        return self.lost_by_relay_percent < BEARABLE_LOSS_PERCENT and self.sent_percent >= FULLY_SENT_PERCENT

    @property
    def was_disturbed(self) -> bool:
        """Whether others on this machine took the core: a relay that loses packets has none of it left itself."""
        return not self.is_bearable and self.processor_percent < PLANNED_PERCENT

    def line(self) -> str:
        """Return it in words, for whoever waits."""
        return (
            f"{self.mode}, {self.streams} streams: {self.packets_per_second:,.0f} packets/s, "
            f"{self.processor_percent:.0f} % of a core, {self.lost_by_relay_percent:.2f} % lost by the relay"
        )


@dataclass(slots=True, kw_only=True)
class RelayReport:
    """Every step, and what follows from them."""

    allocations_per_second: float = 0.0
    allocations_processor_percent: float = 0.0
    """Of coturn's core, while the client allocated as fast as it could."""
    steps: list[Step] = field(default_factory=list)

    @property
    def allocations_per_core(self) -> float:
        """How many a second would take the whole core."""
        return 100 * self.allocations_per_second / self.allocations_processor_percent

    def best(self, mode: str) -> Step | None:
        """Return the largest load of *mode* that callers would not have minded."""
        bearable = [one for one in self.steps if one.mode == mode and one.is_bearable]
        return max(bearable, key=lambda one: one.streams, default=None)

    def ratio_to_echo(self, step: Step) -> float | None:
        """Return how much more a packet costs the relay than the plain echo."""
        plain = next((one for one in self.steps if one.mode == PLAIN), None)
        return step.microseconds_per_packet / plain.microseconds_per_packet if plain else None

    def planned_calls(self, mode: str) -> int | None:
        """Return how many calls take what is planned for of a core, by what a packet cost under load."""
        best = self.best(mode)
        if best is None:
            return None
        packets = PLANNED_PERCENT / 100 * 1e6 / best.microseconds_per_packet
        return int(packets / PACKETS_PER_ALLOCATION / ALLOCATIONS_PER_CALL[mode])

    def table(self) -> Group:
        """Return every step and the conclusions, for a terminal."""
        table = Table(box=None, padding=(0, 1, 0, 0))
        headings = (
            "calls",
            "packets/s",
            "% core",
            "% lost",
            "% in all",
            "p50 ms",
            "p99",
            "µs each",
            "to echo",
        )
        for heading in ("", *headings):
            table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
        for one in self.steps:
            figures = (
                f"{one.calls}",
                f"{one.packets_per_second:,.0f}",
                f"{one.processor_percent:.0f}",
                f"{one.lost_by_relay_percent:.2f}",
                f"{one.lost_percent:.2f}",
                f"{one.round_trip_p50_ms:.1f}",
                f"{one.round_trip_p99_ms:.0f}",
                f"{one.microseconds_per_packet:.1f}",
                f"{self.ratio_to_echo(one) or 0:.1f}",
            )
            table.add_row(one.mode, *figures)
        return Group(table, "", *self._conclusions())

    def write(self, path: Path) -> None:
        """Write every step, the conclusions and the machine as one JSON object."""
        conclusions = {
            mode: {
                "calls_measured": best.calls if (best := self.best(mode)) else None,
                "calls_at_planned_load": self.planned_calls(mode),
            }
            for mode in ALLOCATIONS_PER_CALL
        }
        steps = [asdict(one) | {"ratio_to_echo": self.ratio_to_echo(one)} for one in self.steps]
        machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "kernel": platform.release()}
        report = {
            "allocations_per_second": self.allocations_per_second,
            "allocations_processor_percent": self.allocations_processor_percent,
            "allocations_per_core_and_second": self.allocations_per_core,
            "per_core": conclusions,
            "steps": steps,
            "measured_on": machine,
        }
        path.write_text(json.dumps(report, indent=2) + "\n")

    def _limited(self, mode: str) -> bool:
        """Whether the relay itself was at its limit, rather than this machine."""
        return any(not one.is_bearable and not one.was_disturbed for one in self.steps if one.mode == mode)

    def _conclusions(self) -> list[str]:
        lines = []
        for mode in ALLOCATIONS_PER_CALL:
            best, planned = self.best(mode), self.planned_calls(mode)
            if best is None:
                lines.append(f"{mode}: not even the smallest load was carried; is the machine busy?")
                continue
            bound = "and more were lost" if self._limited(mode) else "and no more could be tried here"
            lines.append(
                f"{mode}: a core carried {best.calls} calls with less than {BEARABLE_LOSS_PERCENT:g} % lost, "
                f"{bound}; {planned} would take {PLANNED_PERCENT} % of it."
            )
        lines.append(
            f"allocations: {self.allocations_per_second:,.0f} a second took "
            f"{self.allocations_processor_percent:.0f} % of coturn's core; by that it could give "
            f"{self.allocations_per_core:,.0f}."
        )
        return lines
