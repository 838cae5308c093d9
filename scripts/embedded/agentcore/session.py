"""One runtime session: a process, its timers, and its end."""

import asyncio
import time
from collections.abc import Callable

import httpx

from scripts.embedded.agentcore.control import DeployedRuntime
from scripts.embedded.agentcore.keys import SessionKeys
from scripts.embedded.agentcore.lifecycle import POLL_SECONDS, Ending, Lifecycle
from scripts.embedded.agentcore.process import AgentProcess

type Clock = Callable[[], float]


class Session:
    """A session whose agent is healthy.

    Args:
        session_id: What the caller named it.
        runtime: What it runs; a later deployment does not change a session that is up.
        process: Its agent.
        keys: Its role's keys.
        client: For `/ping`.
        clock: Unix time.
        poll_seconds: Pause between two looks at the agent.
    """

    def __init__(
        self,
        session_id: str,
        *,
        runtime: DeployedRuntime,
        process: AgentProcess,
        keys: SessionKeys,
        client: httpx.AsyncClient,
        clock: Clock = time.time,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self.session_id = session_id
        self.runtime = runtime
        self.process = process
        self.keys = keys
        self.ending: Ending | None = None
        self.over = asyncio.Event()
        """Set as soon as the session takes no more; its process may still be ending."""
        self._client = client
        self._clock = clock
        self._poll_seconds = poll_seconds
        now = clock()
        self._lifecycle = Lifecycle(
            started_at=now,
            active_at=now,
            idle_seconds=runtime.idle_seconds,
            lifetime_seconds=runtime.lifetime_seconds,
        )

    @property
    def url(self) -> str:
        """Where the agent is reached, without a scheme."""
        return f"127.0.0.1:{self.process.port}"

    def touch(self) -> None:
        """Note that the caller or the agent did something."""
        self._lifecycle.touch(self._clock())

    def end(self, ending: Ending) -> None:
        """Let the session end; the first reason counts."""
        if self.ending is None:
            self.ending = ending
            self.over.set()

    async def live(self) -> None:
        """Watch over the session until it is over, then end its process."""
        watchers = [asyncio.create_task(one()) for one in (self._watch_timers, self._watch_process)]
        try:
            await self.over.wait()
        finally:
            self.end(Ending.CLOSED)
            for one in watchers:
                one.cancel()
            await self.process.stop()

    async def _watch_process(self) -> None:
        await self.process.ended()
        self.end(Ending.CRASHED)

    async def _watch_timers(self) -> None:
        while True:
            self._lifecycle.hear(await self.process.ping(self._client), self._clock())
            if ending := self._lifecycle.ending(self._clock()):
                self.end(ending)
            await asyncio.sleep(self._poll_seconds)
