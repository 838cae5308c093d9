"""1,000 sessions at 20 a second on the ledger, and 200 at once: how long callers wait for a place, and who gets none.

DynamoDB is MiniStack's, on this machine: its answers take as long as this machine lets them, so only the
ratio of two versions of the ledger, and the counts, mean anything elsewhere.
"""

import json
import statistics
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from runtime.door.errors import DoorError
from runtime.door.ledger import Ledger
from runtime.door.session import Reason
from scripts.benchmarks.ledger import open_desk

SESSIONS = 1_000
SESSIONS_PER_SECOND = 20
CALL_SECONDS = 5.0
"""So that a hundred sessions are open at a time, and as many end as begin."""
RUSH = 200
CAP = 130
"""Of the rush: two shards, and a third of the callers refused."""
REGION = "us-east-1"
MILLISECONDS = 1000


@dataclass
class Attempts:
    """What became of those who wanted a session."""

    name: str
    opened_ms: list[float] = field(default_factory=list)
    closed_ms: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    """By the name of the error."""

    def measure(self, work: Callable[[], object], took: list[float]) -> bool:
        """Do *work* and note how long it took, or why it was refused."""
        began = time.monotonic()
        try:
            work()
        except DoorError as refusal:
            self.refused[type(refusal).__name__] += 1
            return False
        took.append((time.monotonic() - began) * MILLISECONDS)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class RushReport:
    """Both parts."""

    parts: tuple[Attempts, ...]
    left: int
    """Places that are taken though every session has ended."""

    def table(self) -> Table:
        """Return one line for each part."""
        table = Table(
            title=f"The session ledger; places left behind: {self.left}", box=None, padding=(0, 2, 0, 0)
        )
        for name in ("", "opened", "p50 ms", "p95 ms", "close p95 ms", "refused"):
            table.add_column(name, justify="left" if not name else "right", no_wrap=True)
        for one in self.parts:
            table.add_row(
                one.name,
                str(len(one.opened_ms)),
                *(_percentile(one.opened_ms, share) for share in (50, 95)),
                _percentile(one.closed_ms, 95),
                ", ".join(f"{count} {why}" for why, count in one.refused.items()) or "none",
            )
        return table

    def write(self, path: Path) -> None:
        """Write every measurement."""
        path.write_text(
            json.dumps({"parts": [asdict(one) for one in self.parts], "left": self.left}, indent=2)
        )


def run(console: Console) -> RushReport:
    """Let callers in.

    Raises:
        BenchmarkError: DynamoDB does not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder,
        open_desk(REGION, Path(folder)) as desk,
    ):
        console.print(f"{SESSIONS:,} sessions at {SESSIONS_PER_SECOND} a second …", highlight=False)
        steady = _steadily(desk.ledger)
        console.print(f"{RUSH} at once, for {CAP} places …", highlight=False)
        at_once = _at_once(desk.ledger)
        left = sum(1 for _ in desk.ledger.held())
    return RushReport(parts=(steady, at_once), left=left)


def _steadily(ledger: Ledger) -> Attempts:
    attempts = Attempts(f"{SESSIONS:,} at {SESSIONS_PER_SECOND}/s")

    def call(number: int) -> None:
        session_id = f"hotline-{uuid.uuid4()}"
        if attempts.measure(lambda: _open(ledger, session_id, SESSIONS, number), attempts.opened_ms):
            time.sleep(CALL_SECONDS)  # the call itself: the load is that so many are open at a time
            attempts.measure(lambda: ledger.close(session_id, Reason.HANG_UP), attempts.closed_ms)

    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=2 * int(SESSIONS_PER_SECOND * CALL_SECONDS)) as callers:
        for number in range(SESSIONS):
            # Until this call is due: the rate is the load, however long the one before took.
            time.sleep(max(0.0, began + number / SESSIONS_PER_SECOND - time.monotonic()))
            callers.submit(call, number)
    return attempts


def _at_once(ledger: Ledger) -> Attempts:
    attempts = Attempts(f"{RUSH} at once, {CAP} places")
    start = threading.Barrier(RUSH)

    def call(number: int) -> str:
        session_id = f"hotline-{uuid.uuid4()}"
        start.wait()
        attempts.measure(lambda: _open(ledger, session_id, CAP, number), attempts.opened_ms)
        return session_id

    with ThreadPoolExecutor(max_workers=RUSH) as callers:
        list(callers.map(call, range(RUSH)))
    for session in list(ledger.open_sessions()):
        attempts.measure(partial(ledger.close, session.session_id, Reason.HANG_UP), attempts.closed_ms)
    return attempts


def _open(ledger: Ledger, session_id: str, concurrency: int, number: int) -> None:
    ledger.open(
        session_id, owner=f"caller-{number}", transport="websocket", concurrency=concurrency, per_caller=3
    )


def _percentile(values: list[float], share: int) -> str:
    if len(values) < 2:  # noqa: PLR2004
        return "-"
    return f"{statistics.quantiles(values, n=100, method='inclusive')[share - 1]:.1f}"
