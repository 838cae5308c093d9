"""Start AgentCore's data plane: `python -m scripts.embedded.agentcore --port 4568 --services URL ...`.

The keys of the platform come in the environment: HOTLINE_ACCESS_KEY, HOTLINE_SECRET and HOTLINE_TOKEN.
"""

import argparse
import asyncio
import os
import socket
import sys
from pathlib import Path

from scripts.embedded.agentcore.server import Server, Settings, listen, open_data_plane


def main() -> int:
    """Serve until told to stop."""
    options = _parse()
    try:
        listener = listen(options.port)
    except OSError as fault:
        print(
            f"Port {options.port} cannot be taken ({fault.strerror}); the data plane was not started.",
            file=sys.stderr,
        )
        return 1
    access_key, secret, token = (os.environ[f"HOTLINE_{name}"] for name in ("ACCESS_KEY", "SECRET", "TOKEN"))
    settings = Settings(
        port=options.port,
        services_url=options.services,
        region=options.region,
        trust_file=options.trust,
        work=options.work,
        access_key=access_key,
        secret=secret,
        token=token,
    )
    asyncio.run(_serve(settings, listener))
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.embedded.agentcore", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--services", required=True, help="where MiniStack answers")
    parser.add_argument("--region", required=True)
    parser.add_argument("--trust", type=Path, required=True, help="certificates that the agents trust")
    parser.add_argument("--work", type=Path, required=True, help="folder for bundles and logs")
    return parser.parse_args()


async def _serve(settings: Settings, listener: socket.socket) -> None:
    async with open_data_plane(settings) as application:
        await Server(application, settings.port).serve([listener])


if __name__ == "__main__":
    sys.exit(main())
