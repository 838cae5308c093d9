"""How a command ends: with its work done, by Ctrl-C, or with one sentence about what is in its way."""

import signal
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
"""Exit code of what Ctrl-C ended, as shells count it: 128 + SIGINT."""


def ended(
    name: str,
    work: Callable[[], int],
    codes: Mapping[type[Exception], int],
    *,
    during: Callable[[], str] = str,
    interrupted: str = "",
) -> int:
    """Do the work of a command and return its exit code.

    Args:
        name: Of the command; it begins what is said on standard error.
        work: Returns the exit code of a command that nothing was in the way of.
        codes: What may be in its way, each with its exit code; the first that fits counts.
        during: Says what it was doing, before what was in its way.
        interrupted: What Ctrl-C did, in words.
    """
    try:
        return work()
    except BrokenPipeError:
        raise  # nobody reads what is said, and nothing is wrong
    except KeyboardInterrupt:
        if interrupted:
            print(f"{name}: {interrupted}", file=sys.stderr)
        return INTERRUPTED
    except tuple(codes) as fault:
        print(f"{name}: {during()}{in_words(fault)}", file=sys.stderr)
        return next(code for kind, code in codes.items() if isinstance(fault, kind))


def in_words(fault: Exception) -> str:
    """Say what is wrong; the operating system's errors name a file and a reason, and begin with a number."""
    if not isinstance(fault, OSError) or not fault.strerror:
        return str(fault)
    return f"{fault.filename}: {fault.strerror}." if fault.filename else f"{fault.strerror}."


def interrupt_on(*numbers: int) -> None:
    """Have these signals interrupt as Ctrl-C does, and only the first: what it sets off, the tidying up, is let be."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        for one in numbers:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    for one in numbers:
        signal.signal(one, interrupt)
