"""Start MiniStack with our plug-ins: `python -m scripts.embedded.ministack --port 4566 --work FOLDER`.

The keys of the platform and the relay's secret come in the environment (scripts/embedded/handed.py).
"""

import sys
from pathlib import Path

from scripts.embedded.listening import listen_or_exit, server_parser
from scripts.embedded.ministack import server


def main() -> int:
    """Serve until told to stop."""
    parser = server_parser("ministack", __doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for everything that is written")
    parser.add_argument(
        "--relay-port", type=int, default=0, help="of the relay that signaling channels issue credentials for"
    )
    options = parser.parse_args()
    listener = listen_or_exit(options.port, "MiniStack")
    server.run(listener, options.port, options.work, options.relay_port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
