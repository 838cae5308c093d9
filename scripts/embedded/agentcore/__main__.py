"""Start AgentCore's data plane: `python -m scripts.embedded.agentcore --port 4568 --services URL ...`.

The keys of the platform come in the environment (scripts/embedded/handed.py).
"""

import asyncio
import os
import socket
import sys
from pathlib import Path

from scripts.embedded.agentcore.forwarding import FRAME_BYTES
from scripts.embedded.agentcore.server import Settings, open_data_plane
from scripts.embedded.handed import PlatformKeys
from scripts.embedded.listening import listen_or_exit, server_parser
from scripts.embedded.web_server import WebServer


def main() -> int:
    """Serve until told to stop."""
    parser = server_parser("agentcore", __doc__)
    parser.add_argument("--services", required=True, help="where MiniStack answers")
    parser.add_argument("--region", required=True)
    parser.add_argument("--trust", type=Path, required=True, help="certificates that the agents trust")
    parser.add_argument("--work", type=Path, required=True, help="folder for bundles and logs")
    options = parser.parse_args()
    listener = listen_or_exit(options.port, "the data plane")
    settings = Settings(
        port=options.port,
        services_url=options.services,
        region=options.region,
        trust_file=options.trust,
        work=options.work,
        keys=PlatformKeys.taken_from(os.environ),
    )
    asyncio.run(_serve(settings, listener))
    return 0


async def _serve(settings: Settings, listener: socket.socket) -> None:
    async with open_data_plane(settings) as application:
        await WebServer(application, settings.port, frame_bytes=FRAME_BYTES).serve([listener])


if __name__ == "__main__":
    sys.exit(main())
