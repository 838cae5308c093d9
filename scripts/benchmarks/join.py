"""From pressing Call to the agent's first word, in the network laboratory: Hotline and the examples' way, in turns.

Each call has a browser of its own at a caller's home, 40 ms from everything, and the same Bedrock.
"""

import asyncio
import contextlib
import json
import sys
import tempfile
import uuid
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from scripts.benchmarks.errors import BenchmarkError
from scripts.benchmarks.examples.relays import CHANNEL_NAME
from scripts.benchmarks.join_report import AWAKE, WOKEN, JoinReport
from scripts.benchmarks.plain import plain_python
from scripts.benchmarks.process import free_port, own_environment, served
from scripts.browsing.chromium import MICROPHONE_ALLOWED, RELAYS_AUTHORITY_IS_OURS, open_tab
from scripts.browsing.errors import BrowserError
from scripts.browsing.tab import Tab
from scripts.calling.utterance import MICROPHONE_HZ, SAMPLE_BYTES
from scripts.embedded.cdk import CdkError
from scripts.embedded.cloud import EmbeddedCloudError
from scripts.network.deployed import Deployed, deployed
from scripts.network.errors import LaboratoryError
from scripts.network.front import Front
from scripts.network.laboratory import Laboratory
from scripts.network.relay import Relay
from scripts.network.wire import Figures

ROOT = Path(__file__).resolve().parents[2]
EARS = Path(__file__).with_name("ears.js")

ONE_WAY_MS = 20.0
"""40 ms for a round trip: a home at some distance from the Region."""

READING_SECONDS = 2.0
"""From the page that says "Ready to call" to the click: people take longer."""

START_SECONDS = 60.0
TRIES = 3
MOST_ALLOCATIONS = 500
EXAMPLES_WEB_PORT = 8443
"""Beside 443, which leads to Hotline's page."""

_CREDENTIAL_SECONDS = 8 * 3600
_READY = "document.querySelector('#state')?.innerText === 'Ready to call'"
_PATH = "document.querySelector('#path')?.innerText.startsWith('Relay')"
_OVER = "document.querySelector('#state')?.innerText === 'The call is over'"
_FAULTS = (BrowserError, CdkError, EmbeddedCloudError, LaboratoryError, TimeoutError)


class UnansweredError(Exception):
    """Nothing was heard in half a minute."""


def compare(calls: int, console: Console) -> JoinReport:
    """Call *calls* times in each way.

    Raises:
        BenchmarkError: The laboratory, the deployment or a call failed.
    """
    console.print("preparing both agents, and the laboratory …")
    python = plain_python()
    report = JoinReport(round_trip_ms=2 * ONE_WAY_MS)
    try:
        with _stage(python, report) as stage:
            report.comparison.run(calls, stage.hotline, stage.examples, console=console)
    except _FAULTS as fault:
        raise BenchmarkError(f"{type(fault).__name__}: {fault}") from fault
    return report


@contextlib.contextmanager
def _stage(python: Path, report: JoinReport) -> Iterator["_Stage"]:
    laboratory = Laboratory(figures=Figures(delay_ms=ONE_WAY_MS))
    with (
        tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder,
        laboratory,
        # All calls to the deployment have one name, that of a third party's customer.
        Relay(laboratory["relay"], user_quota=MOST_ALLOCATIONS) as relay,
        deployed(laboratory, relay, progress=lambda _line: None) as running,
    ):
        port = free_port()
        _make_channel(running)
        with Front(laboratory, port, web_port=EXAMPLES_WEB_PORT):
            yield _Stage(laboratory, running, relay, python, Path(folder), port, report)


@dataclass(frozen=True, slots=True)
class _Stage:
    """What is laid out for both; this thread is in the agent's machine."""

    laboratory: Laboratory
    running: Deployed
    relay: Relay
    python: Path
    work: Path
    examples_port: int
    report: JoinReport

    def hotline(self) -> dict[str, float]:
        """Call Hotline, woken by the page and woken by the click."""
        return {
            AWAKE: self._answered("Hotline", lambda: asyncio.run(self._hotline("path"))),
            WOKEN: self._answered("Hotline", lambda: asyncio.run(self._hotline("nothing"))),
        }

    def examples(self) -> dict[str, float]:
        """Call the examples' agent, which runs already or is started by the click."""
        return {
            AWAKE: self._answered("the examples", lambda: self._examples(awake=True)),
            WOKEN: self._answered("the examples", lambda: self._examples(awake=False)),
        }

    def _answered(self, whom: str, call: Callable[[], float]) -> float:
        """Call until there is an answer; a caller who heard nothing is counted, and tries again."""
        why = ""
        for _ in range(TRIES):
            try:
                return call()
            except UnansweredError as silence:
                self.report.unanswered[whom] += 1
                why = str(silence)
        raise BrowserError(f"Nobody was heard in {TRIES} calls to {whom}.  {why}")

    async def _hotline(self, before_call: str) -> float:
        async with self._tab() as tab:
            await self.running.open_in(tab, before_call=before_call)
            await tab.until(_READY, START_SECONDS)
            if before_call == "path":
                await tab.until(_PATH, START_SECONDS)
            milliseconds = await _press_and_listen(tab)
            await tab.press("#hang-up")
            await tab.until(_OVER, START_SECONDS)
            return milliseconds

    def _examples(self, *, awake: bool) -> float:
        agent_port = free_port()
        agent = [str(self.python), "-m", "scripts.benchmarks.examples.agent"]
        ports = ["--port", str(self.examples_port), "--agent-port", str(agent_port)]
        command = [sys.executable, "-m", "scripts.benchmarks.examples.server", *ports, "--", *agent]
        log = self.work / "examples.log"
        with served(
            command, port=self.examples_port, environment=self._environment(), folder=ROOT, log=log
        ) as server:
            server.await_ping()
            return asyncio.run(self._call_examples(awake=awake))

    async def _call_examples(self, *, awake: bool) -> float:
        url = f"http://localhost:{self.examples_port}/"
        if awake:
            async with httpx.AsyncClient(trust_env=False, timeout=START_SECONDS) as http:
                (await http.post(f"{url}awake")).raise_for_status()
        async with self._tab() as tab:
            await tab.go(url)
            return await _press_and_listen(tab)

    @contextlib.asynccontextmanager
    async def _tab(self) -> AsyncIterator[Tab]:
        with self.laboratory["caller"].entered():
            async with open_tab(
                MICROPHONE_ALLOWED, RELAYS_AUTHORITY_IS_OURS, _silent_microphone(self.work)
            ) as tab:
                await tab.ask("Page.addScriptToEvaluateOnNewDocument", source=EARS.read_text())
                yield tab
                await tab.go(
                    "about:blank"
                )  # a page that is left gives its relay back, a killed browser does not

    def _environment(self) -> dict[str, str]:
        cloud = self.running.cloud
        _, server = asyncio.run(self.relay.ice_servers.issue(f"examples-{uuid.uuid4()}", _CREDENTIAL_SECONDS))
        relay = {"urls": server.urls, "username": server.username, "credential": server.credential}
        return {
            **own_environment(),
            **cloud.environment,
            "BEDROCK_URL": cloud.ports.endpoints()["bedrock"],
            "RELAY": json.dumps(relay),
            "SSL_CERT_FILE": str(cloud.trust_file),
        }


async def _press_and_listen(tab: Tab) -> float:
    await asyncio.sleep(READING_SECONDS)
    await tab.press("#call")
    try:
        return float(await tab.run("window.heard"))
    except TimeoutError as silent:
        seen = await tab.run("document.body.innerText")
        raise UnansweredError(f"The page says: {seen}\n{tab.complaints}") from silent


def _silent_microphone(folder: Path) -> str:
    """Return the flag that lets Chromium hear nothing; its own microphone beeps into the greeting."""
    path = folder / "silence.wav"
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(SAMPLE_BYTES)
        recording.setframerate(MICROPHONE_HZ)
        recording.writeframes(bytes(SAMPLE_BYTES * MICROPHONE_HZ))
    return f"--use-file-for-fake-audio-capture={path}"


def _make_channel(running: Deployed) -> None:
    """Deploy the signaling channel that the examples make by hand."""
    channel: dict[str, Any] = {
        "Type": "AWS::KinesisVideo::SignalingChannel",
        "Properties": {"Name": CHANNEL_NAME, "Type": "SINGLE_MASTER"},
    }
    cloudformation = running.cloud.client("cloudformation")
    cloudformation.create_stack(
        StackName="examples", TemplateBody=json.dumps({"Resources": {"Channel": channel}})
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="examples", WaiterConfig={"Delay": 1})
