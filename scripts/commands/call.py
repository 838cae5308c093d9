"""Dial a deployed stage: say something, hear the answer, report how long everything took.

    scripts/call dev                              the demo's question, in a synthetic voice
    scripts/call dev --say "Cancel my order."     your own words
    scripts/call prod --wav question.wav          your own voice (16 kHz, 16 bit, mono)
    scripts/call --embedded                       the embedded cloud that scripts/local started
    scripts/call dev --transport webrtc           as the page calls, through a relay
    scripts/call --embedded --transport twilio    as a phone provider brings a call
    scripts/call dev --token-file -               with an access token from standard input

Where people call with a token (auth.kind cognito or oidc), you sign in with your browser unless you pass one.
It exits 0 when the agent greeted, answered, and the ledger closed the call; otherwise it says which
step failed.  The object that --json writes is described in scripts/calling/figures.py.
"""

import argparse
from pathlib import Path

from runtime.door.bodies import TRANSPORTS, WEBSOCKET
from runtime.errors import HotlineError
from runtime.phones import LINES
from scripts.calling.caller import Conversation
from scripts.calling.deployment import Deployment
from scripts.calling.errors import CallError
from scripts.calling.phone_caller import caller_on
from scripts.calling.report import print_figures
from scripts.calling.utterance import Utterance, write_wav
from scripts.calling.voice import spoken
from scripts.commands.arguments import new_file, new_parser
from scripts.commands.asynchronous import run_until_told
from scripts.commands.ending import ended
from scripts.commands.screen import new_console
from scripts.commands.stage_options import add_stage, add_token, find, with_token

QUESTION = "What is the status of my order number four two seven?"


def main() -> int:
    """Run `scripts/call`."""
    options = parse_arguments()
    faults = {CallError: 1, HotlineError: 1, OSError: 1}
    return ended("call", lambda: run(options), faults, interrupted="hung up.")


def run(options: argparse.Namespace) -> int:
    """Place the call, and show what was measured."""
    console = new_console()
    deployment = with_token(find(options), options, console)
    console.print(f"Calling stage {deployment.stage} in {deployment.region} …", highlight=False)
    conversation = run_until_told(call(deployment, options))
    print_figures(conversation.figures, console)
    save(conversation, options)
    return 0


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = new_parser("call", __doc__)
    add_stage(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--say", metavar="TEXT", default=QUESTION, help=f"default: {QUESTION!r}")
    what.add_argument("--wav", metavar="FILE", type=Path, help="play a recording instead")
    parser.add_argument(
        "--transport",
        choices=(*TRANSPORTS, *LINES),
        default=WEBSOCKET,
        help=f"or whose phone line (with --embedded); default: {WEBSOCKET}",
    )
    add_token(parser)
    parser.add_argument("--json", metavar="FILE", type=new_file, help="write the figures")
    parser.add_argument("--record", metavar="FILE", type=new_file, help="write the agent's answer as WAV")
    return parser.parse_args()


async def call(deployment: Deployment, options: argparse.Namespace) -> Conversation:
    """Place the call.

    Raises:
        CallError: A step failed.
        HotlineError: The ledger cannot be read.
    """
    speech = Utterance.from_wav(options.wav) if options.wav else await spoken(options.say)
    return await caller_on(deployment, options.transport).call(speech, said=str(options.wav or options.say))


def save(conversation: Conversation, options: argparse.Namespace) -> None:
    """Write what was asked for.

    Raises:
        OSError: A file cannot be written.
    """
    if options.json:
        conversation.figures.write(options.json)
    if options.record:
        write_wav(options.record, conversation.answer.pcm, conversation.answer.sample_rate)
