"""Say, before anything is deployed, what would keep a stage from deploying or from taking calls.

    scripts/doctor dev                    one table: what was checked, what is, what follows, what to do
    scripts/doctor dev --json             the same for a pipeline
    scripts/doctor --embedded             of the embedded cloud that scripts/local started
    scripts/doctor --policy               the IAM policy with which it can look at everything

It reads with your own credentials and changes nothing.  What you may not look at is said, with the right that is
missing, and stands in nobody's way.

Exit code: 0 when nothing stands in the way, 1 when something does, 2 when the words make no sense or there is no such
stage.
"""

import argparse
import json

from scripts.calling.errors import CallError
from scripts.commands.arguments import new_parser
from scripts.commands.ending import ended
from scripts.commands.screen import new_console
from scripts.commands.stage_options import add_place, find_place
from scripts.deploying.errors import AccountError, DeployingError
from scripts.examining.examination import examine, in_the_way
from scripts.examining.report import show
from scripts.examining.rights import policy

IN_THE_WAY, NO_SENSE = 1, 2


def main() -> int:
    """Run `scripts/doctor`."""
    options = parse_arguments()
    return ended(
        "doctor",
        lambda: run(options),
        {CallError: NO_SENSE, AccountError: IN_THE_WAY, DeployingError: NO_SENSE},
    )


def parse_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = new_parser("doctor", __doc__)
    which = add_place(parser)
    which.add_argument("--policy", action="store_true", help="print the IAM policy that it needs")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(words)


def run(options: argparse.Namespace) -> int:
    """Look, and say what was found."""
    if options.policy:
        print(json.dumps(policy(), indent=2))
        return 0
    findings = examine(find_place(options))
    if options.json:
        print(json.dumps([one.to_json() for one in findings], indent=2))
    else:
        show(findings, new_console())
    return IN_THE_WAY if in_the_way(findings) else 0
