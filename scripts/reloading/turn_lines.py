"""A line on the terminal for each turn of each call, out of what the agents log.

The agents' logs hold no words and no callers, so neither do these lines: what was said is on the call page.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runtime.metrics import MILLISECONDS, SESSION_COST, SESSION_DURATION, TURN_OVER

type Record = Mapping[str, Any]

_SESSION_CHARACTERS = 6
"""Of a session's id, from its end: enough to tell calls of one afternoon apart."""


class AgentLogs:
    """The files that agents write to, read as they grow.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()  # as the kernel names it
        self._read: dict[Path, int] = {}

    def new_records(self, file: Path) -> Iterator[Record]:
        """Yield what was logged to *file* since the last time; lines that are no JSON are a library's."""
        try:
            with file.open("rb") as log:
                log.seek(self._read.get(file, 0))
                lines = log.read().splitlines(keepends=True)
        except FileNotFoundError:
            return
        whole = [line for line in lines if line.endswith(b"\n")]
        self._read[file] = self._read.get(file, 0) + sum(map(len, whole))
        for line in whole:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                yield record


def line_of(record: Record) -> str:
    """Return the line for *record*; empty if it is about no turn and no end of a call."""
    if record.get("message") == TURN_OVER:
        return _turn(record)
    if SESSION_DURATION.name in record:
        return (
            f"{_call(record)}  over after {record[SESSION_DURATION.name]:.1f} s  ({record['reason']})  "
            f"US${record[SESSION_COST.name]:.6f} in all"
        )
    return ""


def _turn(record: Record) -> str:
    parts = [f"{_call(record)}  turn {record['turn']}"]
    began, ended = record["caller_began_ms"], record["caller_ended_ms"]
    if ended is not None:
        parts.append(f"caller {_span(began, ended)}")
    parts += [_answer(record), *(_tool(tool) for tool in record["tools"]), _price(record)]
    return "  ".join(parts)


def _answer(record: Record) -> str:
    began, asked = record["answer_began_ms"], record["asked_ms"]
    if began is None:
        return "no answer"
    since = record["caller_ended_ms"] if record["caller_ended_ms"] is not None else asked
    after = "" if since is None else f" after {began - since} ms"
    cut = ", interrupted" if record["interrupted"] else ""
    return f"agent {_span(began, record['answer_ended_ms'])}{after}{cut}"


def _tool(tool: Record) -> str:
    failed = f" ({tool['error']})" if tool["error"] else ""
    return f"{tool['tool']} {tool['ms']:.0f} ms{failed}"


def _price(record: Record) -> str:
    tokens = record["tokens"]
    inward = tokens["speech_input"] + tokens["text_input"]
    outward = tokens["speech_output"] + tokens["text_output"]
    return f"{inward}+{outward} tokens  US${record['cost_usd']:.6f}"


def _call(record: Record) -> str:
    return f"call {record['session_id'][-_SESSION_CHARACTERS:]}"


def _span(began: int, ended: int) -> str:
    """Name the seconds of the call that something took."""
    return f"{began / MILLISECONDS:.1f}-{ended / MILLISECONDS:.1f} s"
