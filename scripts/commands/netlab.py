"""Bring up the network laboratory: an agent in its VPC, a relay, the Internet and a caller's home with the page.

    sudo scripts/netlab                                        stays until Ctrl-C
    sudo scripts/netlab --delay 80 --jitter 30 --loss 3        a bad access link at the caller's
    sudo scripts/netlab --agent no-udp --caller web-only       firewalls
    sudo scripts/netlab --bare                                 the networks and the relay alone, in a second
    sudo scripts/netlab --at caller -- bash                    run something there, then take it down (bare)

Everything in it is gone when it ends, on every path.  The relay is a real coturn with the configuration
that runs on EC2; the networks are rebuilt from AWS's documentation, and are not AWS.
"""

import argparse
import asyncio
import signal
import subprocess
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from scripts.bundling.errors import BundleError
from scripts.commands.arguments import new_parser, number
from scripts.commands.ending import ended, interrupt_on
from scripts.commands.screen import new_console
from scripts.embedded.cdk import CdkError
from scripts.embedded.cloud import EmbeddedCloudError
from scripts.network import plan
from scripts.network.deployed import Deployed, deployed
from scripts.network.errors import LaboratoryError
from scripts.network.laboratory import Laboratory
from scripts.network.relay import Relay
from scripts.network.rules import Egress
from scripts.network.wire import Figures
from scripts.webpage.errors import PageError

LATEST_MS = 10_000
"""Of a packet: later than that is lost."""

CREDENTIAL_SECONDS = 3600
"""For a person at a keyboard; calls get a minute."""

FIREWALLS = {"open": Egress.EVERYTHING, "no-udp": Egress.NO_UDP, "web-only": Egress.WEB_ONLY}


def main() -> int:
    """Run `scripts/netlab`."""
    options = parse_arguments()
    interrupt_on(signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    faults = dict.fromkeys((LaboratoryError, BundleError, CdkError, EmbeddedCloudError, PageError), 1)
    return ended("netlab", lambda: run(options), faults)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = new_parser("netlab", __doc__)
    late, lost = number(float, 0, LATEST_MS), number(float, 0, 100)
    parser.add_argument("--delay", type=late, default=0.0, metavar="MS", help="one way, caller's access link")
    parser.add_argument("--jitter", type=late, default=0.0, metavar="MS", help="more and less than the delay")
    parser.add_argument("--loss", type=lost, default=0.0, metavar="PERCENT", help="in each direction")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another one loses other packets")
    parser.add_argument("--symmetric-home", action="store_true", help="a router that STUN cannot see through")
    parser.add_argument(
        "--agent", choices=FIREWALLS, default="open", help="what the agent's network lets out"
    )
    parser.add_argument("--caller", choices=FIREWALLS, default="open", help="what the caller's lets out")
    parser.add_argument("--bare", action="store_true", help="no agent and no page, so nothing to wait for")
    parser.add_argument("--at", choices=plan.MACHINES, default="caller", help="where the command runs")
    parser.add_argument("command", nargs="*", help="run this, then take the laboratory down")
    return parser.parse_args()


def run(options: argparse.Namespace) -> int:
    """Build, show or run, take down."""
    figures = Figures(options.delay, options.jitter, options.loss)
    laboratory = Laboratory(
        symmetric_home=options.symmetric_home,
        figures=figures if figures != Figures() else None,
        seed=options.seed,
    )
    with laboratory, Relay(laboratory["relay"]) as relay:
        laboratory.let_out("agent", FIREWALLS[options.agent])
        laboratory.let_out("caller", FIREWALLS[options.caller])
        if not options.command:
            stay(laboratory, relay, new_console(), bare=options.bare)
        command = laboratory[options.at].command(options.command)
        return subprocess.run(command, check=False).returncode


def stay(laboratory: Laboratory, relay: Relay, console: Console, *, bare: bool) -> NoReturn:
    """Say what is there, and wait for Ctrl-C."""
    if bare:
        show(laboratory, relay, console)
        console.print("\nCtrl-C takes it down.")
        while True:
            signal.pause()
    console.print("Deploying the agent into its VPC takes half a minute.")
    with deployed(laboratory, relay, progress=lambda _line: None) as running:
        show(laboratory, relay, console)
        invite(laboratory, running, console)
        running.cloud.stay()


def show(laboratory: Laboratory, relay: Relay, console: Console) -> None:
    """Say what there is and how to get into it."""
    machines = Table("machine", "address", "get into it with", box=None, header_style="bold")
    addresses = {
        "agent": plan.AGENT,
        "relay": f"{plan.RELAY} ({plan.RELAY_PUBLIC})",
        "natgw": f"{plan.NAT_GATEWAY} ({plan.NAT_GATEWAY_PUBLIC})",
        "home": plan.HOME_PUBLIC,
        "caller": plan.CALLER,
        "host": plan.HOST,
    }
    for name, address in addresses.items():
        machines.add_row(name, address, f"ip netns exec {laboratory[name].name} bash")
    console.print(machines)
    _, server = asyncio.run(relay.ice_servers.issue("netlab", CREDENTIAL_SECONDS))
    console.print(f"\n[bold]relay[/bold]  {server.username}  {server.credential}  (an hour)")
    for url in server.urls:
        console.print(f"       {url}", highlight=False)
    console.print(f"       its authority: {relay.certificates.ca_file}", highlight=False)


def invite(laboratory: Laboratory, running: Deployed, console: Console) -> None:
    """Say how to call: with a browser that shows windows, in the caller's machine."""
    browser = [
        "chromium",
        "--no-sandbox",
        "--ignore-certificate-errors",
        "--user-data-dir=$(mktemp -d)",
        running.url,
    ]
    console.print(
        "\n[bold]call[/bold]   with a browser of yours in the caller's machine (as root, on your screen):"
    )
    console.print(
        f"       {' '.join(laboratory['caller'].command(browser))}", highlight=False, soft_wrap=True
    )
    console.print(
        "\nReal: NATs, coturn, agent, door, page, audio.  Emulated: AWS's services, AgentCore, Bedrock."
    )
    console.print("Ctrl-C takes it down.")
