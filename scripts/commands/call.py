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
import asyncio
import signal
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ProfileNotFound
from rich.console import Console

from runtime.door.bodies import TRANSPORTS, WEBSOCKET
from runtime.phones import LINES
from scripts.calling.caller import Conversation
from scripts.calling.deployment import Deployment
from scripts.calling.errors import CallError, CredentialsError
from scripts.calling.phone_caller import caller_on
from scripts.calling.report import print_figures
from scripts.calling.running import find_running
from scripts.calling.tokens import token_for
from scripts.calling.utterance import Utterance, write_wav
from scripts.calling.voice import spoken
from scripts.embedded.cloud import DEFAULT_PORT

QUESTION = "What is the status of my order number four two seven?"
INTERRUPTED = 130
"""Exit code of a command that was ended by Ctrl-C, as shells count it."""


def main() -> int:
    """Run `scripts/call`."""
    options = parse_arguments()
    console = Console()
    try:
        deployment = with_token(find(options), options, console)
        console.print(f"Calling stage {deployment.stage} in {deployment.region} …", highlight=False)
        conversation = asyncio.run(call(deployment, options))
        print_figures(conversation.figures, console)
        save(conversation, options)
    except CallError as fault:
        print(f"call: {fault}", file=sys.stderr)
        return 1
    except OSError as fault:
        print(f"call: {fault.filename}: {fault.strerror}.", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("call: hung up.", file=sys.stderr)
        return INTERRUPTED
    return 0


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/call", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("stage", nargs="?", help="a stage of cdk.json that is deployed")
    where.add_argument("--embedded", action="store_true", help="the embedded cloud on this machine")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--say", metavar="TEXT", default=QUESTION, help=f"default: {QUESTION!r}")
    what.add_argument("--wav", metavar="FILE", type=Path, help="play a recording instead")
    parser.add_argument(
        "--transport",
        choices=(*TRANSPORTS, *LINES),
        default=WEBSOCKET,
        help=f"or whose phone line (with --embedded); default: {WEBSOCKET}",
    )
    parser.add_argument("--region", help="where the stage is deployed; default: that of your AWS profile")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help=f"of the embedded cloud; default: {DEFAULT_PORT}"
    )
    parser.add_argument(
        "--token-file", metavar="FILE", type=Path, help="an access token to call with; - reads standard input"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures")
    parser.add_argument("--record", metavar="FILE", type=Path, help="write the agent's answer as WAV")
    return parser.parse_args()


def find(options: argparse.Namespace) -> Deployment:
    """Return what is to be dialled.

    Raises:
        CallError: It is not deployed, or not to be found with these credentials.
    """
    if options.embedded:
        return find_running(options.port)
    try:
        return Deployment.of_stage(options.stage, boto3.Session(region_name=options.region))
    except ProfileNotFound as fault:
        raise CredentialsError(f"{fault}.  Choose another with AWS_PROFILE.") from fault


def with_token(deployment: Deployment, options: argparse.Namespace, console: Console) -> Deployment:
    """Return *deployment* with the token to call it with; a person signs in when there is none yet.

    Raises:
        CallError: There is no token to be had, or it is of no use.
    """
    if not deployment.takes_tokens:
        if options.token_file:
            raise CredentialsError(
                f"Stage {deployment.stage} takes no tokens: its callers sign with AWS credentials (auth.kind iam)."
            )
        return deployment
    if deployment.token and not options.token_file:
        return deployment

    def tell(line: str) -> None:
        console.print(line, highlight=False, soft_wrap=True)

    return deployment.called_with(token_for(deployment.outputs, token_file=options.token_file, tell=tell))


async def call(deployment: Deployment, options: argparse.Namespace) -> Conversation:
    """Place the call; SIGTERM hangs up as Ctrl-C does, so that the session is always ended."""
    task = asyncio.current_task()
    if task:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
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


if __name__ == "__main__":
    sys.exit(main())
