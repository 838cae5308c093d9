"""The issuer on a socket, in this process, so that a test can have anything signed with its key."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import uvicorn

from scripts.embedded.issuer.app import Issuer
from scripts.embedded.issuer.codes import Codes
from scripts.embedded.issuer.requests import AUDIENCE
from scripts.embedded.issuer.tokens import Tokens

SECRET = "a-secret-of-this-run"


@contextmanager
def issuing() -> Iterator[Tokens]:
    """Serve the embedded cloud's issuer from this process, and give its key away."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        tokens = Tokens(f"http://localhost:{port}", AUDIENCE)
        application = Issuer(tokens, Codes(), secret=SECRET).application()
        server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="off"))
        server.capture_signals = nullcontext  # the test's own stay
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        try:
            yield tokens
        finally:
            server.should_exit = True
            thread.join()
