"""Run the phone bridge as Fargate does, and say when it is there: `python -m scripts.embedded.bridge --port 4572`."""

import os
import socket
import sys
import threading
import time
from typing import TextIO

from runtime.bridge.main import main as run_bridge
from scripts.embedded.address import HOST
from scripts.embedded.listening import announce, server_parser

READY_POLL_SECONDS = 0.05


def main() -> int:
    """Serve until told to stop.

    What the bridge writes goes to the log: standard output is for the line that says that it is ready.
    """
    port = server_parser("bridge", __doc__).parse_args().port
    os.environ |= {"PORT": str(port), "BIND_HOST": HOST}
    parent, sys.stdout = sys.stdout, sys.stderr
    threading.Thread(target=_announce, args=(port, parent), daemon=True).start()
    return run_bridge()


def _announce(port: int, parent: TextIO) -> None:
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(READY_POLL_SECONDS)  # the bridge, as it is deployed, tells nobody that it listens
        else:
            announce(parent, port=port)
            return


if __name__ == "__main__":
    sys.exit(main())
