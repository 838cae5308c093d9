"""Serve the local Bedrock as a process of its own, until SIGTERM or SIGINT.

When it is ready it prints one line, a JSON object with `url` and `ca_file`.  Port 0 is any free one.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

from scripts.embedded.address import REGION
from scripts.embedded.bedrock.brain import Brain
from scripts.embedded.bedrock.credentials import IssuedCredentials
from scripts.embedded.bedrock.faults import Faults
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from scripts.embedded.bedrock.server import BedrockServer
from scripts.embedded.bedrock.speaking import SpeakingBrain
from scripts.embedded.handed import PlatformKeys
from scripts.embedded.identity import Identity
from scripts.embedded.listening import announce, server_parser
from scripts.embedded.speech import EngineError, Speech
from scripts.embedded.speech.engines import OWN_RECOGNISER, OWN_SYNTHESISER


def main() -> int:
    """Serve, and say in one sentence why it cannot be."""
    options = _parse_arguments()
    try:
        asyncio.run(_serve(options))
    except OSError as fault:
        print(f"bedrock: cannot listen on port {options.port}: {fault.strerror}.", file=sys.stderr)
        return 1
    except EngineError as fault:
        print(f"bedrock: {fault}", file=sys.stderr)
        return 1
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = server_parser("bedrock", __doc__)
    parser.add_argument(
        "--certificates", type=Path, help="folder to write ca.pem to (default: a temporary one)"
    )
    parser.add_argument(
        "--services",
        dest="credentials",
        metavar="URL",
        type=_issued,
        help="where MiniStack answers, by whose keys and policies signatures and rights are judged",
    )
    parser.add_argument("--faults", type=_faults, default=Faults(), help='JSON, such as {"throttle": 2}')
    parser.add_argument(
        "--script",
        type=_script,
        help="JSON list of answers to give instead of listening: [{says, hears, ...}]",
    )
    for name, own in (("recogniser", OWN_RECOGNISER), ("synthesiser", OWN_SYNTHESISER)):
        parser.add_argument(f"--{name}", default=own, help="speech engine, as package.module:factory")
    return parser.parse_args()


def _issued(url: str) -> IssuedCredentials:
    return IssuedCredentials(Identity(url=url, token=PlatformKeys.taken_from(os.environ).token), REGION)


def _faults(text: str) -> Faults:
    return Faults(**json.loads(text))


def _script(text: str) -> Brain:
    return ScriptedBrain(*(Scripted(**answer) for answer in json.loads(text)))


def _speaking(options: argparse.Namespace) -> SpeakingBrain:
    return SpeakingBrain(Speech(recogniser=options.recogniser, synthesiser=options.synthesiser))


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    async with contextlib.AsyncExitStack() as closing:
        brain = options.script or await closing.enter_async_context(_speaking(options))
        server = BedrockServer(
            brain,
            port=options.port,
            faults=options.faults,
            credentials=options.credentials,
            certificates_folder=options.certificates,
        )
        await closing.enter_async_context(server)
        announce(url=server.url, ca_file=str(server.ca_file))
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
