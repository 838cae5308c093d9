"""How findings are shown: one table, and what they come to."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from scripts.examining.findings import Finding, State

_STYLES = {State.FINE: "green", State.WRONG: "bold red", State.UNKNOWN: "yellow"}


def show(findings: Sequence[Finding], console: Console) -> None:
    """Print the table, and one line below it."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("Checked", "", "Is", "Follows", "Do"):
        table.add_column(name, overflow="fold", no_wrap=name in ("", "Checked"))
    for one in findings:
        state = Text(one.state, style=_STYLES[one.state])
        table.add_row(Text(one.checked), state, Text(one.found), Text(one.follows), Text(one.do))
    console.print(table)
    console.print(f"\n{_sum(findings)}", highlight=False, soft_wrap=True)


def _sum(findings: Sequence[Finding]) -> str:
    wrong = sum(one.state is State.WRONG for one in findings)
    unknown = sum(one.state is State.UNKNOWN for one in findings)
    verdict = f"{wrong} in the way." if wrong else "Nothing stands in the way."
    return f"{verdict}  {unknown} could not be found out." if unknown else verdict
