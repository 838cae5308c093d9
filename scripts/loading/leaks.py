"""What calls leave behind: sessions that stay open, and on the embedded cloud processes and sockets."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil

from runtime.door.ledger import Ledger
from scripts.calling.deployment import Deployment

AGENTS, RELAY = "scripts.embedded.agentcore", "scripts.embedded.turn"
"""Programs of the embedded cloud whose children and sockets come and go with calls."""

SETTLE_SECONDS = 90
"""Longest wait for the end of what has no caller any more: an abandoned session idles for 60 s."""
SETTLE_POLL_SECONDS = 0.5

type Count = Callable[[], Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One kind of thing that may stay, and how many more there are than before the run."""

    what: str
    count: int


def counting(deployment: Deployment, cloud_process: int | None) -> Count:
    """Return what counts that which calls bring up.

    Args:
        deployment: Whose ledger to read.
        cloud_process: Id of the embedded cloud's process; none on AWS, where nobody can look.
    """
    ledger = Ledger(deployment.tables(), deployment.outputs["LedgerTable"])

    def count() -> Mapping[str, int]:
        found = {"open sessions in the ledger": sum(1 for _ in ledger.open_sessions())}
        return {**found, **(_processes(cloud_process) if cloud_process else {})}

    return count


async def left_behind(count: Count, before: Mapping[str, int]) -> list[Leak]:
    """Wait until everything is as *before*, and return how much of what is not."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        now = await asyncio.to_thread(count)
        leaks = [Leak(what=what, count=max(0, now[what] - before[what])) for what in before]
        if not any(one.count for one in leaks) or time.monotonic() > deadline:
            return leaks
        await asyncio.sleep(SETTLE_POLL_SECONDS)


def _processes(cloud: int) -> Mapping[str, int]:
    """Count the agents that run, the relay's allocations, and every port that either of them holds."""
    agents = ports = allocations = 0
    for server in psutil.Process(cloud).children(recursive=True):
        try:
            words = server.cmdline()
            if AGENTS in words:
                children = server.children(recursive=True)
                agents += len(children)
                ports += sum(_bound(one) for one in (server, *children))
            elif RELAY in words:
                allocations += sum(_bound(one, "udp") for one in (server, *server.children(recursive=True)))
        except psutil.NoSuchProcess:
            continue
    return {"agents": agents, "ports of agents": ports, "relay allocations": allocations}


def _bound(process: psutil.Process, kind: str = "inet") -> int:
    """Count the sockets on which others may reach *process*."""
    try:
        sockets = process.net_connections(kind=kind)
    except psutil.NoSuchProcess:
        return 0
    return sum(one.status in {psutil.CONN_LISTEN, psutil.CONN_NONE} for one in sockets)
