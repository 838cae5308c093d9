"""Print a call's figures for a person."""

from rich.console import Console
from rich.table import Table

from scripts.calling.figures import CallFigures


def print_figures(figures: CallFigures, console: Console) -> None:
    """Print one line per figure."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in figures.rows():
        table.add_row(name, value)
    console.print(table)
