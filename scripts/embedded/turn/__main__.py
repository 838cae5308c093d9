"""Start a relay: `python -m scripts.embedded.turn --port 4570 --certificates FOLDER`.

The secret that passwords are derived from comes in the environment (scripts/embedded/handed.py).  It prints
one JSON line when it listens, and says there which program relays.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from scripts.embedded.address import HOST
from scripts.embedded.certificates import Certificates
from scripts.embedded.handed import RELAY_SECRET
from scripts.embedded.listening import announce, server_parser
from scripts.embedded.turn import coturn
from scripts.embedded.turn.listeners import serve
from scripts.embedded.turn.relay import Relay, RelayError

REALM = "relay.hotline.test"
SMALL = "a small relay of our own"


def main() -> int:
    """Relay until told to stop."""
    options = _parse()
    certificates = Certificates(
        *(options.certificates / one for one in ("ca.pem", "server.pem", "server.key"))
    )
    relay = Relay(
        address=options.address,
        port=options.port,
        web_port=options.web_port,
        realm=options.realm,
        secret=os.environ.pop(RELAY_SECRET),
        certificates=certificates,
        user_quota=options.user_quota,
        bytes_per_second=options.bytes_per_second,
    )
    try:
        asyncio.run(_run(relay, small=options.small))
    except (RelayError, OSError) as fault:
        print(f"No relay at {relay.address}, port {relay.port}: {fault}", file=sys.stderr)
        return 1
    return 0


async def _run(relay: Relay, *, small: bool) -> None:
    stopped = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stopped.set)
    async with AsyncExitStack() as stack:
        configured = None if small else _coturn(relay)
        if configured is None:
            await serve(relay, stack)
            announce(port=relay.port, program=SMALL)
            await stopped.wait()
            return
        work = stack.enter_context(tempfile.TemporaryDirectory())
        process = await stack.enter_async_context(coturn.running(configured, relay, Path(work)))
        announce(port=relay.port, program=f"coturn {'.'.join(map(str, coturn.version()))}")
        await _first(stopped, process)


def _coturn(relay: Relay) -> str | None:
    """Return coturn's configuration, where there is a coturn that takes one of ours."""
    try:
        return coturn.configuration(relay)
    except RelayError as fault:
        print(f"Not coturn: {fault}", file=sys.stderr)
        return None


async def _first(stopped: asyncio.Event, process: asyncio.subprocess.Process) -> None:
    ends = [asyncio.create_task(stopped.wait()), asyncio.create_task(process.wait())]
    _, waiting = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    if not stopped.is_set():
        raise RelayError(f"coturn ended with exit code {process.returncode}; its log says why.")


def _parse() -> argparse.Namespace:
    parser = server_parser("turn", __doc__)
    parser.add_argument("--address", default=HOST, help="a loopback address")
    parser.add_argument("--web-port", type=int, help="a second one")
    parser.add_argument("--realm", default=REALM)
    parser.add_argument(
        "--certificates", type=Path, required=True, help="folder with the server's certificate"
    )
    parser.add_argument("--user-quota", type=int, help="allocations that one name may hold")
    parser.add_argument("--bytes-per-second", type=int, help="that one allocation may carry; coturn only")
    parser.add_argument("--small", action="store_true", help="do not use coturn")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
