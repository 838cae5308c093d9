"""Show a distribution: `python -m scripts.embedded.edge --port 4569 --distribution NAME --services URL`."""

import argparse
import asyncio
import socket
import sys

import httpx

from scripts.embedded.edge.app import TIMEOUT_SECONDS, Edge
from scripts.embedded.listening import listen_or_exit, server_parser
from scripts.embedded.web_server import WebServer


def main() -> int:
    """Serve until told to stop."""
    parser = server_parser("edge", __doc__)
    parser.add_argument("--distribution", required=True, help="the stack's output DistributionName")
    parser.add_argument("--services", required=True, help="URL of the MiniStack that it is deployed on")
    options = parser.parse_args()
    asyncio.run(_serve(options, listen_or_exit(options.port, "the edge")))
    return 0


async def _serve(options: argparse.Namespace, listener: socket.socket) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS) as http:
        edge = Edge(options.distribution, services=options.services, port=options.port, http=http)
        await WebServer(edge, options.port).serve([listener])


if __name__ == "__main__":
    sys.exit(main())
