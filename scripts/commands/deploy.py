"""Deploy a stage: look for what is in the way, make what is deployed, deploy every stack, say what comes next.

    scripts/deploy dev                    stops where scripts/doctor finds something in the way
    scripts/deploy dev --anyway           goes on all the same
    scripts/deploy dev -- --require-approval never      what stands behind -- is for `cdk deploy`: here, ask nothing
    scripts/deploy --embedded             onto the embedded cloud that scripts/local started

The CDK makes the bundle, the door's layers and the call page before it synthesises (cdk.json, `build`), and asks
before it widens who may do what.

Exit code: 0 when everything is deployed, 1 when something is in the way or failed, 2 when the words make no sense or
there is no such stage.
"""

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from scripts.calling.errors import CallError
from scripts.calling.progress import Progress
from scripts.commands.arguments import new_parser
from scripts.commands.ending import ended
from scripts.commands.screen import new_console
from scripts.commands.stage_options import add_place, find_place
from scripts.deploying.deployment import Made, deploy, made
from scripts.deploying.errors import AccountError, DeployingError
from scripts.deploying.place import Place
from scripts.embedded.cdk import CdkError
from scripts.examining.examination import examine, in_the_way
from scripts.examining.report import show

IN_THE_WAY, NO_SENSE = 1, 2
INTERRUPTED = "CloudFormation goes on with the stack that it has begun; run this again to see it through."


def main() -> int:
    """Run `scripts/deploy`."""
    options = parse_arguments()
    codes = {
        CallError: NO_SENSE,
        AccountError: IN_THE_WAY,
        DeployingError: NO_SENSE,
        CdkError: IN_THE_WAY,
        ClientError: IN_THE_WAY,
        BotoCoreError: IN_THE_WAY,
        OSError: IN_THE_WAY,
    }
    return ended("deploy", lambda: run(options, new_console()), codes, interrupted=INTERRUPTED)


def parse_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; what stands behind `--` is the CDK's."""
    words = sys.argv[1:] if words is None else words
    cut = words.index("--") if "--" in words else len(words)
    parser = new_parser("deploy", __doc__)
    add_place(parser)
    parser.add_argument("--anyway", action="store_true", help="deploy whatever the doctor says")
    options = parser.parse_args(words[:cut])
    options.cdk = words[cut + 1 :]
    if options.cdk and options.embedded:
        parser.error("what stands behind -- is for `cdk deploy` on AWS; an embedded cloud asks nothing")
    return options


def run(options: argparse.Namespace, console: Console) -> int:
    """Look, deploy, and say what is there.

    Raises:
        CallError: No embedded cloud runs.
        DeployingError: There is no such stage, or no way to its account.
        CdkError: The deployment failed.
        ClientError: CloudFormation does not tell what is there.
    """
    place = find_place(options)
    findings = examine(place)
    show(findings, console)
    if in_the_way(findings) and not options.anyway:
        print(f"\nNothing was deployed.  Mend what is in the way, or: {place.command('deploy', '--anyway')}")
        return IN_THE_WAY
    progress = Progress(console)
    if place.is_embedded:
        with progress.step("Deploy"):
            deploy(place, options.cdk, progress.report)
    else:
        deploy(place, options.cdk, progress.report)
    _show(place, list(made(place)), console)
    return 0


def _show(place: Place, stacks: list[Made], console: Console) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("Stack", "Region", "State"):
        table.add_column(name)
    outputs: dict[str, str] = {}
    for one in stacks:
        table.add_row(one.name, one.region, one.status)
        outputs |= one.outputs
    console.print(table)

    def say(line: str = "") -> None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    say()
    # An embedded cloud shows its page at an address of its own.
    for name in ("DoorUrl",) if place.is_embedded else ("PageUrl", "DoorUrl"):
        if name in outputs:
            say(f"{name:<8} {outputs[name]}")
    say("\nNext:")
    if not place.is_embedded:
        say(
            "  follow the links that SNS mails to the addresses of the alarms; until then no alarm reaches anybody"
        )
    if "AddPerson" in outputs:
        say(f"  {outputs['AddPerson']}")
    say(f"  {place.command('turn-check')}")
    say(f"  {place.command('call')}")
