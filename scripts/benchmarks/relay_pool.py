"""A thousand callers against a pool of just the size that they need, while it grows, shrinks and is replaced.

The pool, its limits and the deployments are the embedded cloud's; what issues is what runs in the door; and one
call relays packets from beginning to end.
"""

import asyncio
import json
import statistics
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts.benchmarks.errors import BenchmarkError
from scripts.embedded.cdk import CdkError
from scripts.embedded.cloud import EmbeddedCloud, EmbeddedCloudError
from scripts.turnchecking.stage import become
from scripts.turnchecking.way import INTERVAL_SECONDS, WayReport, try_out
from turn.errors import RelaysBusyError, TurnError
from turn.fallback import FallbackIceServers
from turn.ice_server import IceServer, IceServers
from turn.managed import ManagedIceServers
from turn.probe import in_order_of_preference
from turn.settings import ManagedTurnSettings, TurnSettings, all_turn_settings_from
from turn.signaling import KinesisVideoSignaling, Signaling
from turn.sources import ice_servers_from

SESSIONS = 1_000
SESSIONS_PER_SECOND = 20
CALL_SECONDS = 3.0
"""How long each session holds its allocations: sixty calls at once."""
BASE_PORT = 4_766
"""Beside the cloud that scripts/local may be running."""

_STAGE = "embedded"
_POOL = {"kind": "managed", "peak_new_sessions_per_second": SESSIONS_PER_SECOND, "peak_concurrent_calls": 80}
_LARGER = {**_POOL, "peak_new_sessions_per_second": 28}
_COTURN = {"kind": "coturn", "realm": "turn.hotline.test", "relays": 1, "instance_type": "t4g.small"}
_BEHIND = {**_POOL, "fallback": [_COTURN]}
_PAUSE_SECONDS = 3.0
"""Before each deployment."""
_CALL_IN_PROGRESS_SECONDS = 120.0
"""Longer than all of it takes on two cores."""


@dataclass(slots=True)
class PoolRun:
    """What came of it."""

    relay: str = ""
    sessions: int = 0
    refused: list[str] = field(default_factory=list)
    """During what callers got no credentials, and why."""
    throttled: int = 0
    """Requests that Kinesis Video refused, and the door asked of another channel."""
    seconds: list[float] = field(default_factory=list)
    """What each issue took."""
    deployments: list[str] = field(default_factory=list)
    """What was deployed while sessions were issued, and when it was done, in seconds."""
    call: WayReport | None = None
    """The call that was in progress all along."""

    def table(self) -> Table:
        """Return one line per figure."""
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        table.add_row("Sessions", f"{self.sessions} at {SESSIONS_PER_SECOND} a second")
        table.add_row("Throttled, then asked elsewhere", str(self.throttled))
        table.add_row("Callers without a relay", f"{_listed(Counter(self.refused))} (goal: 0)")
        p95 = statistics.quantiles(self.seconds, n=20)[-1]
        table.add_row(
            "Issue",
            f"median {_ms(statistics.median(self.seconds))}, p95 {_ms(p95)}, at most {_ms(max(self.seconds))}",
        )
        for one in self.deployments:
            table.add_row("Deployed meanwhile", one)
        if self.call:
            fate = self.call.error or f"{self.call.packets_lost} of {self.call.packets_sent} packets lost"
            table.add_row(
                f"A call of {_CALL_IN_PROGRESS_SECONDS:.0f} s meanwhile", f"{fate}, relayed by {self.relay}"
            )
        return table

    def write(self, path: Path) -> None:
        """Write everything as one JSON object.

        Raises:
            OSError: The file cannot be written.
        """
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


def run(console: Console) -> PoolRun:
    """Do it on an embedded cloud of its own, in about two minutes.

    Raises:
        BenchmarkError: The cloud did not start or did not deploy.
    """
    try:
        with EmbeddedCloud(base_port=BASE_PORT, progress=lambda _line: None) as cloud:
            become(cloud.environment)
            cloud.deploy(_STAGE, {"turn": _POOL})
            console.print("The pool is deployed; sessions begin", highlight=False)
            done = asyncio.run(_Door(cloud, console).serve())
    except* (CdkError, EmbeddedCloudError) as faults:
        raise BenchmarkError(str(faults.exceptions[0])) from faults
    return done


class _Door:
    """Issues as the door does; each deployment starts a new one that knows nothing of the old one's requests."""

    def __init__(self, cloud: EmbeddedCloud, console: Console) -> None:
        self._cloud = cloud
        self._console = console
        self._run = PoolRun(relay=cloud.relay_program)
        self._source = self._deployed_source()
        self._began = 0.0
        self._doing = "between deployments"

    async def serve(self) -> PoolRun:
        """Let everybody in, and deploy meanwhile."""
        way = in_order_of_preference(await self._source.issue("in-progress", 60))[0][0]
        packets = round(_CALL_IN_PROGRESS_SECONDS / INTERVAL_SECONDS)
        self._began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            call = group.create_task(try_out(way, browser=True, packets=packets))
            deploying = group.create_task(self._deploy_meanwhile())
            while self._run.sessions < SESSIONS or not deploying.done():
                group.create_task(self._session(f"session-{self._run.sessions}"))
                self._run.sessions += 1
                await self._until(self._run.sessions / SESSIONS_PER_SECOND)
        self._run.call = call.result()
        return self._run

    async def _until(self, seconds: float) -> None:
        await asyncio.sleep(max(0, self._began + seconds - time.monotonic()))

    async def _session(self, caller: str) -> None:
        source, doing, began = self._source, self._doing, time.monotonic()
        try:
            await source.issue(caller, 60)
        except TurnError as refused:
            self._run.refused.append(f"{doing}: {type(refused).__name__}")
            return
        self._run.seconds.append(time.monotonic() - began)
        await asyncio.sleep(CALL_SECONDS)
        await source.release(caller)

    async def _deploy_meanwhile(self) -> None:
        await self._deploy("a larger pool", _LARGER)
        await self._deploy("the first pool again", _POOL)
        await self._until(SESSIONS / SESSIONS_PER_SECOND)
        # In one step the door would name channels that are gone until its own stack follows.
        await self._deploy("coturn behind the pool", _BEHIND)
        await self._deploy("coturn in its place", _COTURN)
        await asyncio.sleep(_PAUSE_SECONDS)

    async def _deploy(self, what: str, knobs: Mapping[str, Any]) -> None:
        await asyncio.sleep(_PAUSE_SECONDS)
        self._doing = f"while {what} was deployed"
        await asyncio.to_thread(self._cloud.deploy, _STAGE, {"turn": knobs})
        self._source = await asyncio.to_thread(self._deployed_source)
        self._doing = "between deployments"
        done = f"{what}, done at {time.monotonic() - self._began:.0f} s"
        self._run.deployments.append(done)
        self._console.print(f"Deployed {done}; {self._run.sessions} sessions so far", highlight=False)

    def _deployed_source(self) -> IceServers:
        outputs = self._cloud.outputs(f"Hotline-{_STAGE}-Door")
        sources = [self._issuer(one) for one in all_turn_settings_from(json.loads(outputs["RelaySettings"]))]
        return FallbackIceServers(sources)

    def _issuer(self, settings: TurnSettings) -> IceServers:
        url = self._cloud.ports.endpoints()["services"]
        if isinstance(settings, ManagedTurnSettings):
            signaling = _Counted(KinesisVideoSignaling(services_url=url), self._run)
            return ManagedIceServers(channel_arns=settings.channel_arns, signaling=signaling)
        return ice_servers_from(settings, services_url=url)


class _Counted:
    """Counts what a signaling service refuses."""

    def __init__(self, inner: Signaling, run: PoolRun) -> None:
        self._inner = inner
        self._run = run

    async def ice_servers(self, channel_arn: str) -> tuple[IceServer, ...]:
        """Ask; see `Signaling`."""
        try:
            return await self._inner.ice_servers(channel_arn)
        except RelaysBusyError:
            self._run.throttled += 1
            raise


def _listed(reasons: Counter[str]) -> str:
    return "; ".join(f"{count} {why}" for why, count in reasons.items()) or "0"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
