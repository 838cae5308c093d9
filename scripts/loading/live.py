"""Show a load run while it runs: a table that moves on a terminal, a line now and then elsewhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from rich.console import Console
from rich.live import Live
from rich.table import Table

from scripts.loading.outcome import Outcomes
from scripts.percentile import percentile

REFRESH_SECONDS = 0.5
LINE_SECONDS = 15
"""Between two lines where nothing can move: a log of a pipeline."""


@contextlib.asynccontextmanager
async def shown(outcomes: Outcomes, calls: int, console: Console) -> AsyncIterator[None]:
    """Show *outcomes* as they come, for the block."""
    show = _move if console.is_terminal else _print_lines
    watching = asyncio.create_task(show(outcomes, calls, console))
    try:
        yield
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


def line(outcomes: Outcomes, calls: int) -> str:
    """Say in one line how far it is."""
    return (
        f"{len(outcomes.ended)} of {calls} calls ended, {outcomes.in_progress} in progress, "
        f"{len(outcomes.failed)} failed; join p95 {_seconds(outcomes.joins)}, "
        f"voice to voice p95 {_seconds(outcomes.answers)}"
    )


async def _move(outcomes: Outcomes, calls: int, console: Console) -> None:
    with Live(console=console, transient=True) as live:
        while True:
            live.update(_table(outcomes, calls))
            await asyncio.sleep(REFRESH_SECONDS)


async def _print_lines(outcomes: Outcomes, calls: int, console: Console) -> None:
    while True:
        await asyncio.sleep(LINE_SECONDS)
        console.print(line(outcomes, calls), highlight=False, soft_wrap=True)


def _table(outcomes: Outcomes, calls: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("Ended", "In progress", "Failed", "Join p50", "p95", "Voice to voice p50", "p95"):
        table.add_column(column, justify="right")
    table.add_row(
        f"{len(outcomes.ended)} of {calls}",
        str(outcomes.in_progress),
        str(len(outcomes.failed)),
        *(_seconds(values, percent) for values in (outcomes.joins, outcomes.answers) for percent in (50, 95)),
    )
    return table


def _seconds(values: list[float], percent: float = 95) -> str:
    return f"{percentile(values, percent):.2f} s" if values else "-"
