"""A file with the timeline of every call: who spoke when, which tools ran, what it cost.

In the trace event format, which chrome://tracing and Perfetto show.  The list is never closed, as the format
allows, so that the file is whole after every turn.

Source: "Trace Event Format", Google.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runtime.metrics import TURN_OVER
from scripts.reloading.turn_lines import Record

_MICROSECONDS = 1000
"""In a millisecond."""

_ROWS = {"caller": 1, "answer": 2, "tools": 3}
"""Of a call, from top to bottom."""


class Timeline:
    """The file.

    Args:
        file: Which is not there yet.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._processes: dict[str, int] = {}
        file.write_text("[\n")

    def add(self, record: Record) -> None:
        """Add what *record* tells, if it is about a turn."""
        if record.get("message") != TURN_OVER:
            return
        session = record["session_id"]
        events = [] if session in self._processes else list(self._names(session))
        events += self._events(record, self._processes[session])
        with self._file.open("a") as file:
            file.writelines(f"{json.dumps(event)},\n" for event in events)

    def _names(self, session: str) -> Iterator[dict[str, Any]]:
        process = self._processes[session] = len(self._processes) + 1
        yield {"name": "process_name", "ph": "M", "pid": process, "args": {"name": f"call {session}"}}
        for row, number in _ROWS.items():
            yield {"name": "thread_name", "ph": "M", "pid": process, "tid": number, "args": {"name": row}}

    def _events(self, record: Record, process: int) -> Iterator[dict[str, Any]]:
        about = {name: record[name] for name in ("turn", "interrupted", "tools", "tokens", "cost_usd")}
        for who in ("caller", "answer"):
            began, ended = record[f"{who}_began_ms"], record[f"{who}_ended_ms"]
            if began is not None:
                yield {
                    "name": f"{who} {record['turn']}",
                    "ph": "X",
                    "pid": process,
                    "tid": _ROWS[who],
                    "ts": began * _MICROSECONDS,
                    "dur": (ended - began) * _MICROSECONDS,
                    "args": about,
                }
        for tool in record["tools"]:
            yield {
                "name": tool["tool"],
                "ph": "X",
                "pid": process,
                "tid": _ROWS["tools"],
                "ts": tool["began_ms"] * _MICROSECONDS,
                "dur": round(tool["ms"] * _MICROSECONDS),
                "args": {"error": tool["error"]},
            }
