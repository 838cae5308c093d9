"""Logs of the agent: one JSON object per line on stdout, and nothing that a caller or the agent said.

A message of ours is static, and what varies travels in fields.  Messages of libraries are not ours to
vouch for (Pipecat writes transcripts into its own), so of those only the place and the exception's type
are kept.
"""

import json
import logging
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

# Their messages hold addresses and ports, never audio or text of a call.
_TRUSTED = ("runtime", "uvicorn")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "color_message"}


def start_logging() -> None:
    """Send the log of the whole process to stdout as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("runtime").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)


def redirect_pipecat() -> None:
    """Replace Pipecat's own sink, which prints transcripts, with this log.

    Apart from `start_logging`, because loguru belongs to what is imported after `/ping` answers.
    """
    from loguru import logger  # noqa: PLC0415

    logger.remove()
    logger.add(_pass_on, level="WARNING", format="{message}", backtrace=False, diagnose=False)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        trusted = record.name.startswith(_TRUSTED)
        line: dict[str, Any] = {
            "time": int(record.created * 1000),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage() if trusted else "A library reported something.",
        }
        if not trusted:
            line["at"] = f"{record.funcName}:{record.lineno}"
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["raised_at"] = _innermost(record.exc_info[2])
        return json.dumps(line, default=str, separators=(",", ":"))


def _innermost(trace: TracebackType | None) -> str:
    """Name the line that raised: it tells what broke, and nothing that was said."""
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _pass_on(message: Any) -> None:
    record = message.record
    exception = record["exception"]
    logging.getLogger(record["name"] or "pipecat").log(
        record["level"].no,
        "Pipecat reported something.",
        extra={
            "at": f"{record['function']}:{record['line']}",
            "error": exception.type.__name__ if exception and exception.type else "",
        },
    )
