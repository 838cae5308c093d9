"""Serve the call page: `python -m scripts.embedded.page --port 4569 --door URL --agent URL --region R --folder DIR`.

The keys that it signs with come in the environment: HOTLINE_ACCESS_KEY and HOTLINE_SECRET.
"""

import argparse
import asyncio
import os
import socket
import sys
from pathlib import Path

import httpx

from scripts.embedded.agentcore.server import Server, listen
from scripts.embedded.page.app import PageServer
from scripts.embedded.page.door import TIMEOUT_SECONDS, SignedDoor


def main() -> int:
    """Serve until told to stop."""
    options = _parse()
    try:
        listener = listen(options.port)
    except OSError as fault:
        print(
            f"Port {options.port} cannot be taken ({fault.strerror}); the page was not served.",
            file=sys.stderr,
        )
        return 1
    asyncio.run(_serve(options, listener))
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.embedded.page", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--door", required=True, help="the stack's output DoorUrl")
    parser.add_argument("--agent", required=True, help="origin of the agent's WebSocket")
    parser.add_argument("--region", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="the page, as scripts/page made it")
    return parser.parse_args()


async def _serve(options: argparse.Namespace, listener: socket.socket) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS) as http:
        door = SignedDoor.with_keys(
            options.door,
            region=options.region,
            access_key=os.environ["HOTLINE_ACCESS_KEY"],
            secret=os.environ["HOTLINE_SECRET"],
            http=http,
        )
        application = PageServer(options.folder, door=door, port=options.port, agent=options.agent)
        await Server(application, options.port).serve([listener])


if __name__ == "__main__":
    sys.exit(main())
