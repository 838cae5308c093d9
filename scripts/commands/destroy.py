"""Take a stage away: hang up, delete its stacks in order, and say what is left and what that costs.

    scripts/destroy dev                   asks for the stage's name first
    scripts/destroy dev --yes dev         for a pipeline
    scripts/destroy dev --wait 480        waits as long as AgentCore may keep its network interfaces
    scripts/destroy old --region us-west-2    a stage that cdk.json has no more
    scripts/destroy --embedded            of the embedded cloud that scripts/local started

It needs the CDK's deploy role, or the rights that this has, and yours to stop sessions.  Run it again as often as you
like: it goes on where it stopped.  The CDK's own stack, CDKToolkit, is the account's, and stays.
The page that scripts/local shows goes with the stage that it deployed: start it anew to have one again.

Exit code: 0 when every stack is gone, 1 when one is left or AWS does not know you, 2 when the words make no sense, the
stage is unknown, or its name was not confirmed.
"""

import argparse
import contextlib
import json
import re
import sys
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scripts.calling.errors import CallError
from scripts.commands.arguments import new_parser, number
from scripts.commands.ending import ended
from scripts.commands.screen import new_console
from scripts.commands.stage_options import add_place, find_place
from scripts.deploying.errors import AccountError, DeployingError, UnknownStageError
from scripts.deploying.place import Place
from scripts.deploying.stacks import StackName
from scripts.destroying.deletion import Outcome
from scripts.destroying.destruction import Destruction, Waiting
from scripts.destroying.remainder import Remainder
from scripts.destroying.remains import Remains
from scripts.destroying.telling import Tell, Telling
from scripts.examining.account import identity
from scripts.examining.findings import State

LEFT, NO_SENSE = 1, 2
WAIT_MINUTES = 30
LONGEST_WAIT_MINUTES = 24 * 60
INTERRUPTED = "CloudFormation goes on with what it has begun; run this again to see it through."


class NotConfirmedError(Exception):
    """Whoever typed it may have meant another stage."""


def main() -> int:
    """Run `scripts/destroy`."""
    options = parse_arguments()
    codes = {
        CallError: NO_SENSE,
        AccountError: LEFT,
        DeployingError: NO_SENSE,
        NotConfirmedError: NO_SENSE,
        BotoCoreError: LEFT,
    }
    return ended("destroy", lambda: run(options, new_console()), codes, interrupted=INTERRUPTED)


def parse_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = new_parser("destroy", __doc__)
    add_place(parser)
    parser.add_argument("--region", help="where it is, if cdk.json has the stage no more, or elsewhere now")
    parser.add_argument("--yes", metavar="STAGE", help="the stage's name once more, in place of being asked")
    parser.add_argument(
        "--wait",
        metavar="MINUTES",
        type=number(float, 0, LONGEST_WAIT_MINUTES),
        default=WAIT_MINUTES,
        help=f"for network interfaces that AgentCore still holds; default: {WAIT_MINUTES}",
    )
    parser.add_argument(
        "--json", action="store_true", help="print what is left as JSON, and progress beside it"
    )
    return parser.parse_args(words)


def run(options: argparse.Namespace, console: Console) -> int:
    """Take the stage away, and say what is left.

    Raises:
        CallError: No embedded cloud runs.
        DeployingError: The stage is not known, or AWS does not know who asks.
        NotConfirmedError: Its name was not typed.
    """
    place = _place(options)
    _refuse_slip(place, options.yes)
    who = identity(place)
    if who.state is State.WRONG:
        raise AccountError(f"{who.found}; {who.do}.")
    tell = _tell_beside if options.json else lambda line: console.print(line, highlight=False, soft_wrap=True)
    try:
        there, outcomes = _destroy(place, options, who.found, tell, console)
    except ClientError as fault:
        raise AccountError(f"CloudFormation does not tell what there is ({fault}).") from fault
    remains = Remains(place).all()
    if options.json:
        print(json.dumps(_as_json(place, there, outcomes, remains), indent=2))
    else:
        _show(place, there, outcomes, remains, console)
    return LEFT if any(one.faults for one in outcomes) else 0


def _destroy(
    place: Place, options: argparse.Namespace, who: str, tell: Tell, console: Console
) -> tuple[Sequence[StackName], Sequence[Outcome]]:
    """Delete the stacks that there are, once whoever typed it has said the stage's name; return both."""
    status = console.status("Looking for what is there …")
    telling = Telling(line=tell, glance=status.update)
    destruction = Destruction(place, telling, Waiting(seconds=60 * options.wait))
    there = destruction.there()
    if not there:
        return there, ()
    if options.yes is None:
        _confirm(place, who, there, tell)
    with status if not options.json else contextlib.nullcontext():
        return there, destruction.run()


def _place(options: argparse.Namespace) -> Place:
    if options.region is None or options.embedded:
        return find_place(options)
    if not re.fullmatch(r"[a-z][a-z0-9]{0,15}", options.stage):
        raise UnknownStageError(f"{options.stage!r} cannot be a stage's name, so there is none to take away.")
    return Place.on_aws(options.stage, options.region)


def _refuse_slip(place: Place, yes: str | None) -> None:
    if yes is not None and yes != place.stage:
        raise NotConfirmedError(f"--yes names {yes!r} and the stage is {place.stage!r}; nothing was deleted.")


def _confirm(place: Place, who: str, there: Sequence[StackName], tell: Tell) -> None:
    tell(f"As {who}, these go, with everything in them:")
    for stack in there:
        tell(f"  {stack.name} in {stack.region}")
    if not sys.stdin.isatty():
        raise NotConfirmedError(
            f"Nobody is there to be asked; add `--yes {place.stage}`.  Nothing was deleted."
        )
    try:
        typed = input(f"Type {place.stage} to take it away: ").strip()
    except EOFError:  # Ctrl-D
        typed = ""
    if typed != place.stage:
        raise NotConfirmedError(f"{typed!r} is not {place.stage!r}; nothing was deleted.")


def _tell_beside(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _as_json(
    place: Place, there: Sequence[StackName], outcomes: Sequence[Outcome], remains: Sequence[Remainder]
) -> dict[str, object]:
    failed = {one.stack.name: one.faults for one in outcomes if one.faults}
    gone = [one.stack.name for one in outcomes if not one.faults]
    untried = [one.name for one in there if one.name not in failed and one.name not in gone]
    left = [one.to_json() for one in remains]
    return {"stage": place.stage, "gone": gone, "failed": failed, "not_tried": untried, "left": left}


def _show(
    place: Place,
    there: Sequence[StackName],
    outcomes: Sequence[Outcome],
    remains: Sequence[Remainder],
    console: Console,
) -> None:
    def say(line: str) -> None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    if not there:
        say(f"No stack of stage {place.stage} is there.")
    for outcome in outcomes:
        for fault in outcome.faults:
            say(f"{outcome.stack.name} is left: {fault}")
    if any(one.faults for one in outcomes):
        say(f"Go on with: {place.command('destroy', '--yes', place.stage)}")
    if remains:
        console.print(_table(remains))
    else:
        say(f"Nothing of stage {place.stage} is left.")
    say("The CDK's own stack, CDKToolkit, and its bucket are the account's and stay.")


def _table(remains: Sequence[Remainder]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("Left", "Why"):
        table.add_column(name, overflow="fold")
    table.add_column("US$ a month", justify="right", no_wrap=True)
    table.add_column("To take it away", overflow="fold")
    for one in remains:
        usd = "not known" if one.usd_a_month is None else f"{one.usd_a_month:.2f}"
        table.add_row(Text(one.what), Text(one.why), usd, Text(one.do))
    return table
