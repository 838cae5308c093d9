"""How a server of the embedded cloud begins: it takes its port at once, and says when it is ready."""

import argparse
import json
import socket
from typing import TextIO

from scripts.embedded.address import HOST


def server_parser(module: str, purpose: str | None) -> argparse.ArgumentParser:
    """Return a parser for `python -m scripts.embedded.MODULE`, with the one option that all of them have."""
    parser = argparse.ArgumentParser(
        prog=f"python -m scripts.embedded.{module}",
        description=purpose,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, required=True, help="on loopback")
    return parser


def listen(port: int) -> socket.socket:
    """Take the port before anything slow happens, so that a taken one is said at once.

    Raises:
        OSError: It is taken.
    """
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def listen_or_exit(port: int, what: str) -> socket.socket:
    """Take the port for *what*.

    Raises:
        SystemExit: It is taken; the message is for the server's log.
    """
    try:
        return listen(port)
    except OSError as fault:
        raise SystemExit(f"Port {port} cannot be taken ({fault.strerror}); {what} was not started.") from None


def announce(parent: TextIO | None = None, **about: object) -> None:
    """Tell whoever started this server, in one line, that it is ready; they read standard output, unless told otherwise."""
    print(json.dumps({"ready": True, **about}), file=parent, flush=True)
