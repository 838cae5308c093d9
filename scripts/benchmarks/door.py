"""How long the door takes to let a caller in, apart from the agent's waking, on a deployed embedded cloud.

A session costs the gateway, the token's check, Lambda, the budget's switch, two caps, the ledger's row and a
signature; each of those is MiniStack's, on this machine.  Beside it, in turns, stands a request to the page's
function, which does nothing: gateway and Lambda alone.  What the door waits for its agent (the metric
WakeTime, by session) is taken off, because a microVM's start is AgentCore's.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console, Group
from rich.table import Table

from runtime.door.bodies import WEBSOCKET
from runtime.metrics import WAKE_TIME
from scripts.benchmarks.comparison import Comparison, Measure
from scripts.benchmarks.errors import BenchmarkError
from scripts.calling.deployment import Deployment
from scripts.calling.door import Door
from scripts.calling.errors import CallError
from scripts.calling.running import deployed_on
from scripts.embedded.cdk import CdkError
from scripts.embedded.cloud import EmbeddedCloud, EmbeddedCloudError
from scripts.percentile import percentile
from scripts.webpage.build import make_page
from scripts.webpage.errors import PageError

STAGE = "embedded"
BASE_PORT = 4_776
"""Beside the default, so that a cloud of `scripts/local` may run meanwhile."""
ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "build/page"
OPENING = "answered, agent's waking aside"
P95_GOAL_MS = 150.0
LOG_SECONDS = 10
"""Longest wait for the last log line of the door's function."""
LOG_POLL_SECONDS = 0.2
MILLISECONDS = 1000


@dataclass(slots=True)
class DoorReport:
    """Every opening, and what follows."""

    comparison: Comparison = field(
        default_factory=lambda: Comparison(
            ours="POST /sessions",
            theirs="an idle function",
            measures=(Measure(name=OPENING, unit="ms"),),
        )
    )

    @property
    def openings(self) -> list[float]:
        """Milliseconds of each, without the agent's waking."""
        return [ours[OPENING] for ours, _ in self.comparison.pairs]

    def table(self) -> Group:
        """Return percentiles and the ratio, for a terminal."""
        p50, p95 = (percentile(self.openings, percent) for percent in (50, 95))
        table = Table(box=None, padding=(0, 2, 0, 0))
        for heading in ("POST /sessions", "p50", "p95", "goal"):
            table.add_column(heading, justify="left" if heading == "POST /sessions" else "right")
        verdict = f"p95 ≤ {P95_GOAL_MS:.0f} {'met' if p95 <= P95_GOAL_MS else 'missed'}"
        table.add_row(OPENING, f"{p50:.0f} ms", f"{p95:.0f} ms", verdict)
        return Group(table, "", self.comparison.table())

    def write(self, path: Path) -> None:
        """Write the comparison with the percentiles beside it as one JSON object."""
        self.comparison.write(path)
        p50, p95 = (percentile(self.openings, percent) for percent in (50, 95))
        report = json.loads(path.read_text()) | {"p50_ms": p50, "p95_ms": p95, "p95_goal_ms": P95_GOAL_MS}
        path.write_text(json.dumps(report, indent=2) + "\n")


def measure(pairs: int, console: Console) -> DoorReport:
    """Deploy, and open *pairs* sessions one after the other.

    Raises:
        BenchmarkError: The stage cannot be deployed or called.
    """
    try:
        make_page(ROOT, PAGE)
        with EmbeddedCloud(base_port=BASE_PORT, progress=lambda _line: None) as cloud:
            console.print("deploying …")
            cloud.deploy(STAGE)
            return _measure(deployed_on(cloud, STAGE), cloud.client("logs"), pairs, console)
    except (CallError, CdkError, EmbeddedCloudError, PageError) as fault:
        raise BenchmarkError(str(fault)) from fault


def _measure(deployment: Deployment, logs: Any, pairs: int, console: Console) -> DoorReport:
    report, door = DoorReport(), deployment.door()
    idle = f"{deployment.outputs['DoorUrl']}/page/config.json"
    answered: list[tuple[str, float, float]] = []
    try:
        with httpx.Client() as client, console.status("opening sessions …"):
            for number in range(pairs + 1):
                nothing = _milliseconds(lambda: client.get(idle).raise_for_status())
                session_id, opening = _open(door)
                if number:  # the first one finds cold functions
                    answered.append((session_id, opening, nothing))
    finally:
        door.close()
    woke = _wake_times(logs, {session_id for session_id, _, _ in answered})
    for session_id, opening, nothing in answered:
        report.comparison.pairs.append(({OPENING: opening - woke[session_id]}, {OPENING: nothing}))
    return report


def _open(door: Door) -> tuple[str, float]:
    """Open a session and end it; return its id and how long the opening took."""
    began = time.monotonic()
    session_id = door.open(WEBSOCKET).session_id
    took = (time.monotonic() - began) * MILLISECONDS
    door.end(session_id)
    return session_id, took


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return (time.monotonic() - began) * MILLISECONDS


def _wake_times(logs: Any, sessions: set[str]) -> Mapping[str, float]:
    """Read from the door's log how long each agent took to wake."""
    deadline = time.monotonic() + LOG_SECONDS
    while True:
        found = {line["session"]: line[WAKE_TIME.name] for line in _lines(logs) if WAKE_TIME.name in line}
        if sessions <= found.keys():
            return found
        if time.monotonic() > deadline:
            raise BenchmarkError(f"The door's log says of {len(sessions - found.keys())} sessions nothing.")
        time.sleep(LOG_POLL_SECONDS)  # CloudWatch Logs tells nobody that a line has arrived


def _lines(logs: Any) -> list[dict[str, Any]]:
    """Return the JSON objects in the logs of the door's stack."""
    groups = logs.describe_log_groups()["logGroups"]
    lines = []
    for group in (one for one in groups if f"Hotline-{STAGE}-Door" in one["logGroupName"]):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        for page in pages:
            lines += [
                json.loads(event["message"]) for event in page["events"] if event["message"].startswith("{")
            ]
    return lines
