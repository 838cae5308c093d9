"""Runs the bridge as Fargate does, and says when it is there."""

import argparse
import json
import os
import socket
import sys
import threading
import time

from runtime.bridge.main import main as run_bridge
from scripts.embedded.address import HOST

READY_POLL_SECONDS = 0.05


def main() -> int:
    """Serve until told to stop.

    What the bridge writes goes to the log: standard output is for the line that says that it is ready.
    """
    parser = argparse.ArgumentParser(prog="python -m scripts.embedded.bridge", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    os.environ |= {"PORT": str(port), "BIND_HOST": HOST}
    ready, sys.stdout = sys.stdout, sys.stderr
    threading.Thread(target=_announce, args=(port, ready), daemon=True).start()
    return run_bridge()


def _announce(port: int, ready: object) -> None:
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(READY_POLL_SECONDS)  # the bridge, as it is deployed, tells nobody that it listens
        else:
            print(json.dumps({"port": port}), file=ready, flush=True)  # type: ignore[call-overload]
            return


if __name__ == "__main__":
    sys.exit(main())
