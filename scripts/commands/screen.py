"""Where commands show what they found: a terminal, or a log that nobody can widen later."""

from rich.console import Console

LOG_COLUMNS = 200
"""Of a table that is no terminal's: a pipeline's log has no width, and a figure that is cut is lost."""


def new_console() -> Console:
    """Return a console on standard output."""
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, LOG_COLUMNS)
    return console
