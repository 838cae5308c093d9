"""Start the issuer: `python -m scripts.embedded.issuer --port 4571`.

The secret of the client of scripts comes in the environment: HOTLINE_ISSUER_SECRET.
"""

import argparse
import asyncio
import os
import sys

from scripts.embedded.agentcore.server import Server, listen
from scripts.embedded.issuer.app import Issuer
from scripts.embedded.issuer.codes import Codes
from scripts.embedded.issuer.requests import AUDIENCE
from scripts.embedded.issuer.tokens import Tokens


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m scripts.embedded.issuer", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    try:
        listener = listen(options.port)
    except OSError as fault:
        print(
            f"Port {options.port} cannot be taken ({fault.strerror}); the issuer was not started.",
            file=sys.stderr,
        )
        return 1
    tokens = Tokens(f"http://localhost:{options.port}", AUDIENCE)
    issuer = Issuer(tokens, Codes(), secret=os.environ["HOTLINE_ISSUER_SECRET"])
    asyncio.run(Server(issuer.application(), options.port).serve([listener]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
