"""Show what a stage's budget says, and open the door again that it closed.

    scripts/budget dev                   budget, spend so far, the switch, since when and why
    scripts/budget dev resume            let new sessions in again
    scripts/budget --embedded status     of the embedded cloud that scripts/local started

A resumed stage stays open until Budgets sends another notice, which it does once a month, when the spend first
passes the budget.  Until then only the caps bound what is spent; docs/runbooks/bill-above-budget.md has the sum.

You need budgets:ViewBudget for the status, and to update the ledger's table to resume.

Exit code: 0 when the door is open, 1 when it is closed or could not be opened, 2 when the stage is not there.
"""

import argparse
import json
import sys

from runtime.door.errors import LedgerUnavailableError
from scripts.calling.errors import CallError
from scripts.commands.stage_options import add_words, find_operated, take_stage
from scripts.operating.budget import BudgetStatus
from scripts.operating.errors import OperatingError
from scripts.operating.stage import Stage

ACTIONS = ("status", "resume")
CLOSED, NOT_THERE = 1, 2


def main() -> int:
    """Run `scripts/budget`."""
    options = parse_arguments()
    try:
        stage = find_operated(options)
        return resume(stage) if options.action == "resume" else show(stage, as_json=options.json)
    except CallError as fault:
        print(f"budget: {fault}", file=sys.stderr)
        return NOT_THERE
    except (OperatingError, LedgerUnavailableError) as fault:
        print(f"budget: {fault}", file=sys.stderr)
        return CLOSED


def parse_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/budget", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_words(parser, "STAGE [status | resume]")
    parser.add_argument("--json", action="store_true", help="print the status as JSON")
    options = parser.parse_intermixed_args(words)
    rest = take_stage(parser, options)
    options.action = rest.pop(0) if rest else "status"
    if options.stage in ACTIONS:
        parser.error(f"{options.stage!r} is what to do, not a stage; name the stage first")
    if options.action not in ACTIONS:
        parser.error(f"{options.action!r} is none of {', '.join(ACTIONS)}")
    if rest:
        parser.error(f"{' '.join(rest)!r} is too much")
    if options.json and options.action != "status":
        parser.error("--json goes with status")
    return options


def show(stage: Stage, *, as_json: bool) -> int:
    """Print the status."""
    status = BudgetStatus.of(stage)
    if as_json:
        print(json.dumps(status.to_json(), indent=2))
    else:
        print("\n".join(status.lines()))
    return CLOSED if status.switch.closed else 0


def resume(stage: Stage) -> int:
    """Open the door again."""
    was_closed = stage.switch().resume()
    print(
        "The door takes new sessions again, until Budgets sends another notice."
        if was_closed
        else "The door was open already."
    )
    return 0
