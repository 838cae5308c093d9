"""Every session that is up, by runtime and session id."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from scripts.embedded.agentcore.bundles import Bundles
from scripts.embedded.agentcore.control import DeployedRuntime
from scripts.embedded.agentcore.errors import AgentError
from scripts.embedded.agentcore.keys import SessionKeys
from scripts.embedded.agentcore.lifecycle import POLL_SECONDS, Ending
from scripts.embedded.agentcore.logs import LogWriter, SessionLog
from scripts.embedded.agentcore.process import AgentProcess, base_environment
from scripts.embedded.agentcore.session import Session
from scripts.embedded.identity import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What every session of this data plane shares.

    Attributes:
        url: Where the data plane is reached: agents fetch their role's keys there.
        services_url: Where MiniStack is reached.
        trust_file: Certificates that the machine trusts, the embedded authority's among them.
        work: Folder for logs and unpacked bundles.
        identity: Who issues keys.
        bundles: Where bundles come from.
        clock: Unix time.
        poll_seconds: Pause between two looks at an agent.
    """

    url: str
    services_url: str
    trust_file: Path
    work: Path
    identity: Identity
    bundles: Bundles
    clock: Callable[[], float] = time.time
    poll_seconds: float = POLL_SECONDS


class Sessions:
    """Starts sessions, finds them again, and ends all of them.

    Args:
        platform: What they share.
        client: For the agents' HTTP.
    """

    def __init__(self, platform: Platform, client: httpx.AsyncClient) -> None:
        self._platform = platform
        self._client = client
        self._starting: dict[tuple[str, str], asyncio.Task[Session]] = {}
        self._lives: set[asyncio.Task[Any]] = set()
        self._keys: dict[str, SessionKeys] = {}

    async def find_or_start(self, runtime: DeployedRuntime, session_id: str) -> Session:
        """Return the session, started if it is not up.

        Raises:
            AgentError: Its agent did not become healthy, or was stopped before it was.
            IdentityRefusedError: The runtime's role does not trust AgentCore.
        """
        name = (runtime.arn, session_id)
        found = self._starting.get(name)
        if found is None or _is_over(found):
            found = asyncio.create_task(self._start(runtime, session_id))
            self._starting[name] = found
        try:
            return await asyncio.shield(found)
        except asyncio.CancelledError:
            if found.cancelled():
                raise AgentError("The session was stopped while its agent started.") from None
            raise

    def stop(self, arn: str, session_id: str) -> bool:
        """Let the session end, also one whose agent still starts; False if there is none."""
        name = (arn, session_id)
        task = self._starting.get(name)
        if task is None or _is_over(task):
            return False
        if task.done():
            task.result().end(Ending.STOPPED)
        else:
            del self._starting[name]
            self._keep(task)  # its process ends, and a new one may start under its name
            task.cancel()
        return True

    def count(self) -> int:
        """Return how many are up or starting."""
        return sum(1 for start in self._starting.values() if not start.done() or _is_up(start))

    def keys_at(self, path: str) -> SessionKeys | None:
        """Return the keys that are served at *path*."""
        return self._keys.get(path)

    async def close(self) -> None:
        """End every session."""
        for task in list(self._starting.values()):
            if task.done() and not task.cancelled() and not task.exception():
                task.result().end(Ending.CLOSED)
            else:
                task.cancel()
        await asyncio.gather(*self._starting.values(), *self._lives, return_exceptions=True)

    async def _start(self, runtime: DeployedRuntime, session_id: str) -> Session:
        platform = self._platform
        keys = SessionKeys(platform.identity, runtime, session_id)
        self._keys[keys.path] = keys
        try:
            folder = await asyncio.to_thread(platform.bundles.unpack, runtime)
            await asyncio.to_thread(keys.current)
            process, output = await self._start_agent(runtime, session_id, folder, keys)
        except BaseException:
            self._keys.pop(keys.path, None)
            self._forget((runtime.arn, session_id), asyncio.current_task())
            raise
        session = Session(
            session_id,
            runtime=runtime,
            process=process,
            keys=keys,
            client=self._client,
            clock=platform.clock,
            poll_seconds=platform.poll_seconds,
        )
        self._keep(asyncio.create_task(self._live(session, output)))
        return session

    def _keep(self, task: asyncio.Task[Any]) -> None:
        """Hold on to what must be over before the data plane is."""
        self._lives.add(task)
        task.add_done_callback(self._lives.discard)

    def _forget(self, name: tuple[str, str], start: asyncio.Task[Any] | None) -> None:
        """Free the name, unless a later session has it already."""
        if self._starting.get(name) is start:
            del self._starting[name]

    async def _start_agent(
        self, runtime: DeployedRuntime, session_id: str, folder: Path, keys: SessionKeys
    ) -> tuple[AgentProcess, asyncio.Task[None]]:
        file = self._log_file(session_id)  # before there is a process that a full disk would leave behind
        process = await AgentProcess.start(folder, runtime.entry_point, self._environment(runtime, keys))
        writer = LogWriter(keys, url=self._platform.services_url, region=runtime.region)
        output = asyncio.create_task(SessionLog(file, runtime.log_group, writer).follow(process.output))
        try:
            await process.wait_until_healthy(self._client)
        except BaseException:
            await process.stop()
            await output
            raise
        return process, output

    async def _live(self, session: Session, output: asyncio.Task[None]) -> None:
        name = (session.runtime.arn, session.session_id)
        forget = asyncio.create_task(self._forget_when_over(session, name))
        try:
            await session.live()
            await output
        finally:
            self._keys.pop(session.keys.path, None)
            with contextlib.suppress(asyncio.CancelledError):
                await forget

    async def _forget_when_over(self, session: Session, name: tuple[str, str]) -> None:
        """Free the session's name at once: AgentCore starts a new one under it while the old one ends."""
        await session.over.wait()
        known = self._starting.get(name)
        if known is not None and _is_over(known):
            del self._starting[name]

    def _environment(self, runtime: DeployedRuntime, keys: SessionKeys) -> dict[str, str]:
        return {
            **base_environment(self._platform.work),
            "AWS_REGION": runtime.region,
            "AWS_DEFAULT_REGION": runtime.region,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self._platform.url}{keys.path}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": keys.secret,
            "SSL_CERT_FILE": str(self._platform.trust_file),
            **runtime.environment,
        }

    def _log_file(self, session_id: str) -> Path:
        """Make the file that the session's agent writes to, and return where it is."""
        folder = self._platform.work / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{''.join(c if c.isalnum() or c in '-_' else '_' for c in session_id)}.log"
        file.touch()
        return file


def _is_over(start: asyncio.Task[Session]) -> bool:
    return start.done() and not start.cancelled() and not start.exception() and start.result().over.is_set()


def _is_up(start: asyncio.Task[Session]) -> bool:
    return not start.cancelled() and not start.exception() and not start.result().over.is_set()
