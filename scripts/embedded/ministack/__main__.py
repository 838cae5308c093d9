"""Start MiniStack with our plug-ins: `python -m scripts.embedded.ministack --port 4566 --work FOLDER`."""

import argparse
import sys
from pathlib import Path

from scripts.embedded.ministack import server


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for everything that is written")
    parser.add_argument(
        "--relay-port", type=int, default=0, help="of the relay that signaling channels issue credentials for"
    )
    options = parser.parse_args()
    try:
        server.run(options.port, options.work, options.relay_port)
    except OSError as fault:
        print(
            f"Port {options.port} cannot be taken ({fault.strerror}); MiniStack was not started.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
