"""Make a link that lets one person call a stage, once, without a sign-in; or withdraw one.

    scripts/invite dev                   a link to the stage's call page
    scripts/invite --embedded            to that of the embedded cloud that scripts/local started
    scripts/invite dev --withdraw ID     make a link of yours worthless, and end the call that came of it

The link is a bearer's: whoever opens it first has the call.  Send it to one person, by a way that you trust, and
put it into no log.  The stage must let guests in (the section `guests` of cdk.json); you need what you
need to call it yourself.
"""

import argparse
import sys
from contextlib import closing

from rich.console import Console

from scripts.calling.deployment import Deployment
from scripts.calling.errors import CallError, NotDeployedError
from scripts.commands.stage_options import add_stage, add_token, find, with_token
from scripts.embedded.address import Ports

FRAGMENT = "#invite="
"""Browsers send what stands behind it to no server."""

_MINUTE_SECONDS = 60


def main() -> int:
    """Run `scripts/invite`."""
    options = parse_arguments()
    # The link alone goes to standard output, so that it can be piped to whatever sends it.
    console = Console(stderr=True)
    try:
        deployment = with_token(find(options), options, console)
        if options.withdraw:
            withdraw(deployment, options.withdraw)
        else:
            make(deployment, options, console)
    except CallError as fault:
        print(f"invite: {fault}", file=sys.stderr)
        return 1
    return 0


def make(deployment: Deployment, options: argparse.Namespace, console: Console) -> None:
    """Make a link and print it.

    Raises:
        CallError: There is none.
    """
    page = page_of(deployment, embedded_port=options.port if options.embedded else None)
    with closing(deployment.door()) as door:
        invite = door.invite()
    which = "--embedded" if options.embedded else deployment.stage
    console.print(
        f"Good once, for {invite.seconds // _MINUTE_SECONDS} minutes, for a call of at most "
        f"{invite.call_seconds // _MINUTE_SECONDS} minutes; scripts/invite {which} --withdraw {invite.invite_id} "
        "takes it back:",
        highlight=False,
        soft_wrap=True,
    )
    print(f"{page.rstrip('/')}/{FRAGMENT}{invite.token}")


def withdraw(deployment: Deployment, invite_id: str) -> None:
    """Withdraw an invite, and say what came of it.

    Raises:
        CallError: The door would not.
    """
    with closing(deployment.door()) as door:
        was_redeemed = door.withdraw(invite_id)
    used = "somebody had used it, and their call was ended" if was_redeemed else "nobody had used it"
    print(f"Withdrawn: {used}.")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/invite", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_stage(parser)
    add_token(parser)
    parser.add_argument(
        "--withdraw", metavar="ID", help="the invite to take back; the command that made it told its id"
    )
    return parser.parse_args()


def page_of(deployment: Deployment, *, embedded_port: int | None) -> str:
    """Return where the call page is; on an embedded cloud it stands before the deployed one.

    Raises:
        NotDeployedError: The stage has none.
    """
    if embedded_port is not None:
        return f"http://localhost:{Ports(embedded_port).page}"
    if "PageUrl" not in deployment.outputs:
        raise NotDeployedError(
            f"Stage {deployment.stage} has no call page, so there is nothing for a link to lead to.  Set page.enabled "
            "and deploy it again; a page of your own takes the invite that POST /invites answers."
        )
    return deployment.outputs["PageUrl"]
