"""Measure Hotline against the plainest alternative, in turns, on this machine.

    scripts/bench synth        the whole app against an app with one VPC
    scripts/bench coldstart    our agent against a plain Pipecat + Nova Sonic agent
    sudo scripts/bench join    from pressing Call to the first word, against the public examples' way
    sudo scripts/bench relay   what one core of coturn carries, against a plain UDP echo
    scripts/bench relay-pool   1,000 callers against a KVS pool of their size, while it is deployed anew
    scripts/bench door         opening a session, against a function that does nothing
    scripts/bench ledger       1,000 sessions at 20 a second on the ledger, and 200 at once

Seconds depend on the machine, ratios hardly; the goals are ratios.  A missed goal is printed and is no
error: the exit code says only whether something could be measured.
"""

import argparse
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from rich.console import Console, RenderableType

from scripts.benchmarks.comparison import Comparison
from scripts.benchmarks.errors import BenchmarkError
from scripts.benchmarks.relay_report import RelayReport
from scripts.commands.arguments import new_file, new_parser, number
from scripts.commands.ending import ended, interrupt_on
from scripts.commands.screen import new_console

PAIRS = 5
"""Default: the median of five shrugs off two bad runs."""
PERCENTILE_PAIRS = 20
"""Of fewer, the 95th percentile is the slowest."""
MOST_PAIRS = 1_000


class Report(Protocol):
    """What a benchmark found."""

    def table(self) -> RenderableType:
        """Return it for a terminal."""

    def write(self, path: Path) -> None:
        """Write it as a JSON object."""


def main() -> int:
    """Run `scripts/bench`."""
    options = parse_arguments()
    interrupt_on(signal.SIGTERM, signal.SIGINT)
    return ended("bench", lambda: run(options), {BenchmarkError: 1, OSError: 1})


def run(options: argparse.Namespace) -> int:
    """Measure, and show what was found."""
    console = new_console()
    pairs = options.pairs or (PERCENTILE_PAIRS if options.what in PERCENTILES else PAIRS)
    report = BENCHMARKS[options.what](pairs, console)
    console.print(report.table())
    if options.json:
        report.write(options.json)
    return 0


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = new_parser("bench", __doc__)
    parser.add_argument("what", choices=BENCHMARKS)
    parser.add_argument(
        "--pairs",
        type=number(int, 1, MOST_PAIRS),
        metavar="N",
        help=f"calls or starts of each; default: {PAIRS}, {' and '.join(PERCENTILES)}: {PERCENTILE_PAIRS}",
    )
    parser.add_argument("--json", metavar="FILE", type=new_file, help="write every measurement")
    return parser.parse_args()


def synth(pairs: int, console: Console) -> Comparison:
    """Compare synthesis; imported late, as the other benchmarks need none of it."""
    from scripts.benchmarks.synth import compare  # noqa: PLC0415

    return compare(pairs, console)


def coldstart(pairs: int, console: Console) -> Comparison:
    """Compare cold starts."""
    from scripts.benchmarks.agents import compare  # noqa: PLC0415

    return compare(pairs, console)


def join(pairs: int, console: Console) -> Report:
    """Compare what callers wait for, in the network laboratory."""
    from scripts.benchmarks.join import compare  # noqa: PLC0415

    return compare(pairs, console)


def relay(_pairs: int, console: Console) -> RelayReport:
    """Load a relay; it is compared with the plain echo within one run."""
    from scripts.benchmarks.relay import measure  # noqa: PLC0415

    return measure(console)


def relay_pool(_pairs: int, console: Console) -> Report:
    """Let callers in at the rate that the pool was computed for; nothing is compared."""
    from scripts.benchmarks.relay_pool import run  # noqa: PLC0415

    return run(console)


def ledger(_pairs: int, console: Console) -> Report:
    """Let callers in at a rate, and all at once; nothing is compared."""
    from scripts.benchmarks.ledger_rush import run  # noqa: PLC0415

    return run(console)


def door(pairs: int, console: Console) -> Report:
    """Open sessions on a deployed embedded cloud."""
    from scripts.benchmarks.door import measure  # noqa: PLC0415

    return measure(pairs, console)


PERCENTILES = ("join", "door")
BENCHMARKS: Mapping[str, Callable[[int, Console], Report]] = {
    "synth": synth,
    "coldstart": coldstart,
    "join": join,
    "relay": relay,
    "relay-pool": relay_pool,
    "door": door,
    "ledger": ledger,
}
