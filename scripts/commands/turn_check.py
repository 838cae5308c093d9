"""Check every relay of a stage, from where you are: what a caller at this place would meet.

    scripts/turn-check dev                  a stage of cdk.json that is deployed
    scripts/turn-check dev --fallback 1     the relays that stand in for them
    scripts/turn-check --embedded           the embedded cloud that scripts/local started

Credentials are issued as the door issues them, with your rights.  On every URL two allocations are made, one
sends packets of speech to the other, and both are ended: a few seconds and, with Kinesis Video, a cent's
thousandth.  RTT is from here to the relay and back.

Exit code: 0 when every URL is reachable and loses at most 5 %; 1 when one is not or does; 2 when nothing could
be checked, because the stage, its credentials or its relays' issuer are not there.  The object that --json
writes has the fields of `Check` in scripts/turnchecking/check.py.
"""

import argparse

from botocore.exceptions import ProfileNotFound
from rich.console import Console

from scripts.calling.errors import CallError
from scripts.commands.arguments import new_file, new_parser, number
from scripts.commands.asynchronous import run_until_told
from scripts.commands.ending import ended
from scripts.commands.screen import new_console
from scripts.commands.stage_options import add_stage
from scripts.turnchecking.check import Check, check
from scripts.turnchecking.stage import Stage
from turn.errors import TurnError

PACKETS = 100
"""Two seconds of speech; 1 % loss is one packet."""
MOST_PACKETS = 50 * 3600
"""An hour of it."""
MOST_FALLBACKS = 100
FAILED, NOTHING_CHECKED = 1, 2


def main() -> int:
    """Run `scripts/turn-check`."""
    options = parse_arguments()
    faults = dict.fromkeys((CallError, TurnError, ProfileNotFound, OSError), NOTHING_CHECKED)
    return ended("turn-check", lambda: run(options), faults)


def run(options: argparse.Namespace) -> int:
    """Check every way, and show what was found."""
    stage = (
        Stage.embedded(options.port, place=options.fallback)
        if options.embedded
        else Stage.deployed(options.stage, options.region, place=options.fallback)
    )
    done = run_until_told(check(stage, options.packets))
    show(done, new_console())
    if options.json:
        done.write(options.json)
    return 0 if done.passed else FAILED


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = new_parser("turn-check", __doc__)
    add_stage(parser)
    parser.add_argument(
        "--packets",
        type=number(int, 1, MOST_PACKETS),
        default=PACKETS,
        metavar="N",
        help=f"sent on each URL, 50 a second; default: {PACKETS}",
    )
    parser.add_argument(
        "--fallback",
        type=number(int, 1, MOST_FALLBACKS),
        default=0,
        metavar="N",
        help="check the Nth of turn.fallback, not the preferred relays",
    )
    parser.add_argument("--json", metavar="FILE", type=new_file, help="write the figures")
    return parser.parse_args()


def show(done: Check, console: Console) -> None:
    """Print the table, and in words why a way is closed."""
    emulated = f"; {done.emulated}" if done.emulated else ""
    lifetime = f"{done.credentials_lifetime_seconds} s" if done.credentials_lifetime_seconds else "no end"
    console.print(
        f"Stage {done.stage}: {done.kind} relays{emulated}; credentials live {lifetime}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(done.table())
    for way in done.ways:
        if way.error:
            console.print(f"[red]{way.url}[/red]: {way.error}", highlight=False, soft_wrap=True)
