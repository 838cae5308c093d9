"""Show a distribution: `python -m scripts.embedded.edge --port 4569 --distribution NAME --services URL`."""

import argparse
import asyncio
import socket
import sys

import httpx

from scripts.embedded.agentcore.server import Server, listen
from scripts.embedded.edge.app import TIMEOUT_SECONDS, Edge


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m scripts.embedded.edge", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--distribution", required=True, help="the stack's output DistributionName")
    parser.add_argument("--services", required=True, help="URL of the MiniStack that it is deployed on")
    options = parser.parse_args()
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


async def _serve(options: argparse.Namespace, listener: socket.socket) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS) as http:
        edge = Edge(options.distribution, services=options.services, port=options.port, http=http)
        await Server(edge, options.port).serve([listener])


if __name__ == "__main__":
    sys.exit(main())
