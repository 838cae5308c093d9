"""What the command lines in scripts/ have in common: how they explain themselves, and what makes no sense."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from scripts.embedded.address import BASE_PORTS


def new_parser(name: str, purpose: str | None) -> argparse.ArgumentParser:
    """Return a parser for `scripts/NAME`; *purpose* is its module's docstring, shown as it is written."""
    return argparse.ArgumentParser(
        prog=f"scripts/{name}", description=purpose, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def number[T: (int, float)](kind: type[T], least: T, most: T) -> Callable[[str], T]:
    """Return what reads a number from *least* to *most*."""
    what = "a whole number" if kind is int else "a number"

    def read(text: str) -> T:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what} from {least:g} to {most:g}")
        return value

    return read


base_port = number(int, BASE_PORTS[0], BASE_PORTS[-1])
"""Reads the first port of an embedded cloud."""


def new_file(text: str) -> Path:
    """Read where a result goes, before the work is done whose result would have nowhere to go."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(
            f"{text!r} is in no folder that is there; make {str(path.parent)!r} first"
        )
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} may not be written by this user")
    return path
