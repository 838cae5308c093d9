"""Start the issuer: `python -m scripts.embedded.issuer --port 4571`.

The secret of the client of scripts comes in the environment (scripts/embedded/handed.py).
"""

import asyncio
import os
import sys

from scripts.embedded.handed import ISSUER_SECRET
from scripts.embedded.issuer.app import Issuer
from scripts.embedded.issuer.codes import Codes
from scripts.embedded.issuer.requests import AUDIENCE
from scripts.embedded.issuer.tokens import Tokens
from scripts.embedded.listening import listen_or_exit, server_parser
from scripts.embedded.web_server import WebServer


def main() -> int:
    """Serve until told to stop."""
    port = server_parser("issuer", __doc__).parse_args().port
    listener = listen_or_exit(port, "the issuer")
    tokens = Tokens(f"http://localhost:{port}", AUDIENCE)
    issuer = Issuer(tokens, Codes(), secret=os.environ.pop(ISSUER_SECRET))
    asyncio.run(WebServer(issuer.application(), port).serve([listener]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
