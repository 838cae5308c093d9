"""From the start of an agent's process to its first word, and what it costs in memory.

Both agents get the same Python, byte-code, Bedrock (scripted, answering at once) and caller.  Times count
from the moment before the process is created.  Ours answers `/ping` with 503 until everything is
imported, so that no snapshot is taken of half an agent; a call is placed once it says 200.
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass

from scripts.benchmarks.comparison import Measure
from scripts.benchmarks.errors import BenchmarkError
from scripts.benchmarks.process import Server
from scripts.calling.errors import CallError
from scripts.calling.websocket_line import WebSocketLine

PING, HEALTHY, FIRST_AUDIO = "/ping answered", "/ping healthy", "first audio"
PROCESSOR = "processor time, greeted"
MEMORY, FURTHER = "peak memory, 1 call", "per further call"
MEASURES = (
    Measure(name=PING, unit="s", goal=0.2),
    Measure(name=HEALTHY, unit="s"),
    Measure(name=FIRST_AUDIO, unit="s", goal=0.75),
    Measure(name=PROCESSOR, unit="s"),
    Measure(name=MEMORY, unit="MiB", goal=0.65),
    Measure(name=FURTHER, unit="MiB"),
)
FURTHER_CALLS = 4
"""Enough that what one call leaves to chance averages out, and what any machine can carry."""
GREETING_SECONDS = 30
PAUSE_SECONDS = 0.5

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """An agent that can be started on a port and called."""

    name: str
    serve: Callable[[int], AbstractContextManager[Server]]
    admit: Callable[[str], None] = lambda _session_id: None
    """Makes a session id known to the agent before it is called under it."""


def measure(contender: Contender, port: int) -> dict[str, float]:
    """Start the agent cold, call it, then call it again and again while the first call lasts.

    Raises:
        BenchmarkError: It did not start or did not speak.
    """
    with contender.serve(port) as server:
        ready = {PING: server.await_ping(), HEALTHY: server.await_health()}
        try:
            return ready | asyncio.run(_call(contender, server))
        except CallError as fault:
            raise BenchmarkError(f"{contender.name}: {fault}\n{server.said()}") from fault


async def _call(contender: Contender, server: Server) -> dict[str, float]:
    async with AsyncExitStack() as calls:
        first_audio_at = await _greeting(contender, server, calls)
        processor_seconds = server.processor_seconds()
        peak, resident = server.peak_mebibytes(), server.resident_mebibytes()
        for _ in range(FURTHER_CALLS):
            await _greeting(contender, server, calls)
        grown = server.resident_mebibytes() - resident
    return {
        FIRST_AUDIO: first_audio_at - server.started_at,
        PROCESSOR: processor_seconds,
        MEMORY: peak,
        FURTHER: grown / FURTHER_CALLS,
    }


async def _greeting(contender: Contender, server: Server, calls: AsyncExitStack) -> float:
    """Call once more, leave the line open, and return when the agent was first heard."""
    session_id = str(uuid.uuid4())
    await asyncio.to_thread(contender.admit, session_id)
    dialled = time.monotonic()
    url = f"ws://127.0.0.1:{server.port}/ws"
    line = await calls.enter_async_context(WebSocketLine.open(url, headers={SESSION_HEADER: session_id}))
    return await line.ear.utterance(
        after=dialled,
        start_seconds=GREETING_SECONDS,
        end_seconds=GREETING_SECONDS,
        quiet_seconds=PAUSE_SECONDS,
    )
