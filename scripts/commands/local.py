"""Deploy every stack onto an embedded cloud on this machine, with the real CDK, and let you call it.

    scripts/local                  deploy, say what is there, stay until Ctrl-C
    scripts/local --call           deploy, place a spoken call, judge it, end everything
    scripts/local --call --transport webrtc    the same as the page calls, through a relay
    scripts/local --call --transport twilio    the same from a phone, as its provider brings the call
    scripts/local --phones         stay, and take calls from phones, too (scripts/call --embedded --transport twilio)
    scripts/local --brain cascade  the same with Transcribe, Nova Lite and Polly in place of Nova Sonic
    scripts/local --trace FILE     stay, and write the timeline of every call (chrome://tracing shows it)

While it stays, a file of the agent that is saved is deployed within seconds, or refused with the reason, and each
turn of a call is a line: who spoke when, which tools ran, what it cost (docs/developing.md).  What was said is on the
call page alone.

Emulated are the AWS services (MiniStack), AgentCore's data plane and the models: their wire protocols are
those of Nova Sonic or of Transcribe, Bedrock and Polly, the brain is offline and knows nothing but the status of
orders.  Real are the templates, the bundle's code, its environment, its IAM rights, and every byte of audio.

--call exits 0 only if the agent's audio, recognised back to text, says the status that the orders table
holds, the tool was called, and the ledger closed the call; otherwise it names the step that failed.  Over
WebRTC the audio must have gone through a relay, too, where the stage lets callers use nothing else.
--json writes the figures (scripts/calling/figures.py) with `order`, `expected_status`, `heard` and
`total_seconds` beside them.
"""

import argparse
import asyncio
import contextlib
import shutil
import signal
import tempfile
import time
from typing import Any

from rich.console import Console

from runtime.door.bodies import TRANSPORTS, WEBSOCKET
from runtime.phones import LINES
from runtime.settings.brains import CASCADE, SONIC
from scripts.calling.errors import CallError
from scripts.calling.progress import Progress
from scripts.calling.rehearsal import rehearse
from scripts.calling.report import print_figures
from scripts.calling.running import announced, deployed_on
from scripts.commands.arguments import base_port, new_file, new_parser
from scripts.commands.ending import ended, interrupt_on
from scripts.commands.screen import new_console
from scripts.embedded.address import DEFAULT_PORT
from scripts.embedded.cdk import CdkError
from scripts.embedded.cloud import EmbeddedCloud, EmbeddedCloudError
from scripts.reloading import staying
from scripts.reloading.contents import Contents, read_contents
from scripts.reloading.staying import ROOT
from scripts.reloading.timeline import Timeline
from scripts.reloading.welcome import inventory, welcome

STAGE = "embedded"
DISK_NEEDED_BYTES = 1024**3
"""The bundle lies there three times while it is deployed: as an asset, uploaded and unpacked."""


class LocalError(Exception):
    """This machine cannot hold the embedded cloud."""


def main() -> int:
    """Run `scripts/local`."""
    options = parse_arguments()
    console = new_console()
    progress = Progress(console)
    interrupt_on(signal.SIGTERM, signal.SIGINT)  # a shell starts background jobs with SIGINT ignored
    faults = dict.fromkeys((CallError, CdkError, EmbeddedCloudError, LocalError, OSError), 1)
    return ended(
        "local",
        lambda: run(options, console, progress),
        faults,
        during=lambda: f"step “{progress.step_name}” failed: ",
    )


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = new_parser("local", __doc__)
    parser.add_argument("--call", action="store_true", help="place a spoken call, judge it, and end")
    parser.add_argument(
        "--transport",
        choices=(*TRANSPORTS, *LINES),
        help=f"with --call: how to call, or whose phone line; default: {WEBSOCKET}",
    )
    parser.add_argument("--phones", action="store_true", help="take calls from phones, too")
    parser.add_argument("--trace", metavar="FILE", type=new_file, help="write the timeline of every call")
    parser.add_argument(
        "--brain",
        choices=(SONIC, CASCADE),
        default=SONIC,
        help=f"what the agent thinks with; default: {SONIC}",
    )
    parser.add_argument("--json", metavar="FILE", type=new_file, help="with --call: write the figures")
    parser.add_argument(
        "--port",
        type=base_port,
        default=DEFAULT_PORT,
        help=f"first of seven loopback ports; default: {DEFAULT_PORT}",
    )
    options = parser.parse_args()
    if options.json and not options.call:
        parser.error("--json writes the figures of a call; add --call.")
    if options.transport and not options.call:
        parser.error("--transport says how to call; add --call.")
    if options.trace and options.call:
        parser.error("--trace writes calls while scripts/local stays; leave out --call.")
    return options


def run(options: argparse.Namespace, console: Console, progress: Progress) -> int:
    """Start the cloud, deploy, and do what was asked for; nothing is left when this returns.

    Raises:
        LocalError: There is no room on the disk.
        EmbeddedCloudError: A port is taken, a server does not start, or something stays behind.
        CdkError: The deployment failed.
        CallError: The call did.
    """
    began = time.monotonic()
    check_disk()
    progress.step_name = "Start the embedded cloud"
    with EmbeddedCloud(base_port=options.port, progress=progress.report) as cloud:
        progress.note("The embedded cloud is up")
        deployed = read_contents(ROOT)  # before: what is saved meanwhile is not deployed
        with progress.step("Deploy"):
            deploy(cloud, with_phones=options.phones or options.transport in LINES, brain=options.brain)
        if options.call:
            deployment = deployed_on(cloud, STAGE)
            metrics, transport = cloud.client("cloudwatch"), options.transport or WEBSOCKET
            verdict = asyncio.run(rehearse(deployment, metrics, progress, transport=transport))
            print_figures(verdict.figures, console)
            total = round(time.monotonic() - began, 1)
            if options.json:
                verdict.figures.write(options.json, **verdict.evidence, total_seconds=total)
        else:
            progress.step_name = "Stay until Ctrl-C"
            stay(cloud, console, deployed, Timeline(options.trace) if options.trace else None)
        progress.step_name = "End the embedded cloud"
    if options.call:
        progress.note("[green]All steps passed, and nothing is left behind[/green]")
    return 0


def deploy(cloud: EmbeddedCloud, *, with_phones: bool, brain: str) -> None:
    """Deploy the stage with *brain*, and with numbers and a bridge where phones are wanted.

    Raises:
        CdkError: The deployment failed.
        EmbeddedCloudError: The bridge did not start.
    """
    overrides: dict[str, Any] = {"runtime": {"brain": {"kind": brain}}}
    if not with_phones:
        cloud.deploy(STAGE, overrides)
        return
    cloud.deploy(STAGE, {**overrides, "telephony": cloud.connect_phones()})
    cloud.start_bridge(STAGE)


def check_disk() -> None:
    """Say so before half of a deployment fills the disk.

    Raises:
        LocalError: It is too full.
    """
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if free < DISK_NEEDED_BYTES:
        raise LocalError(
            f"{free / 1024**2:.0f} MiB free in {folder}, and the embedded cloud needs "
            f"{DISK_NEEDED_BYTES / 1024**2:.0f} MiB.  Nothing was started; free some space, or set TMPDIR."
        )


def stay(cloud: EmbeddedCloud, console: Console, deployed: Contents, timeline: Timeline | None) -> None:
    """Say what is there and how to call it; deploy what is saved and say how calls go, until Ctrl-C.

    Raises:
        EmbeddedCloudError: A server ended meanwhile, or the edge could not be started.
    """
    console.print(inventory(cloud))
    text = welcome(cloud, deployed_on(cloud, STAGE), page=cloud.serve_page(STAGE))

    def tell(line: str) -> None:
        stamped = f"{time.strftime('%X')}  {line}"
        console.print(stamped, highlight=False, markup=False, soft_wrap=True)

    with announced(cloud, STAGE), contextlib.suppress(KeyboardInterrupt):  # the end that was announced
        console.print(text, highlight=False, soft_wrap=True)
        staying.stay(cloud, STAGE, deployed=deployed, timeline=timeline, tell=tell)
