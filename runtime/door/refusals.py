"""What becomes of a request that was not served: an answer for the caller, and a line in the operators' log."""

import logging
import traceback
from http import HTTPStatus
from pathlib import Path
from typing import Any

from runtime.door.errors import UnforeseenError
from runtime.door.http import has_answer, problem
from runtime.errors import HotlineError

# What the fault went through last: enough to find it, and short enough for a field of a log line.
_FRAMES = 6


def refusal(fault: Exception, request_id: str, logger: logging.Logger, message: str) -> dict[str, Any]:
    """Return the response to a request that ended with *fault*, and log *message* with what is known of it.

    The message of our own errors holds neither identities nor ways in.  That of an error that nobody foresaw may
    repeat what a caller sent, so the log has its kind and its place alone.
    """
    told = {"request_id": request_id, "fault": type(fault).__name__}
    if isinstance(fault, HotlineError):
        told["detail"] = str(fault)
    else:
        told["where"] = _place(fault)
    response = problem(fault if has_answer(fault) else UnforeseenError(), request_id)
    failed = response["statusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR
    logger.log(logging.ERROR if failed else logging.INFO, message, extra=told)
    return response


def _place(fault: Exception) -> str:
    """Return where *fault* was raised, without a word of what was there."""
    frames = traceback.extract_tb(fault.__traceback__)[-_FRAMES:]
    return " > ".join(f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in frames)
