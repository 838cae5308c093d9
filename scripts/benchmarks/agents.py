"""Our agent and the plain one, side by side on one scripted Bedrock."""

import asyncio
import contextlib
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from runtime.settings.agent import RuntimeSettings
from scripts.benchmarks.coldstart import MEASURES, Contender, measure
from scripts.benchmarks.comparison import Comparison
from scripts.benchmarks.errors import BenchmarkError
from scripts.benchmarks.ledger import TABLE, Desk, open_desk
from scripts.benchmarks.plain import AGENT, plain_python
from scripts.benchmarks.process import Server, free_port, own_environment, served
from scripts.bundling.bundle import OUR_FOLDERS, make_bundle
from scripts.bundling.errors import BundleError
from scripts.embedded.bedrock import BedrockServer, Scripted, ScriptedBrain

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "build" / "agent.zip"
REGION = "us-east-1"


def compare(pairs: int, console: Console) -> Comparison:
    """Start both agents cold in turns.

    Raises:
        BenchmarkError: Something does not start.
    """
    comparison = Comparison(ours="Hotline", theirs="plain Pipecat agent", measures=MEASURES)
    console.print("preparing both agents …")
    python = plain_python()
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        work = Path(folder)
        unpack_own_code(work / "agent")
        asyncio.run(_compare(comparison, pairs, console, _Stage(work=work, plain_python=python)))
    return comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """What is laid out for both."""

    work: Path
    plain_python: Path


async def _compare(comparison: Comparison, pairs: int, console: Console, stage: _Stage) -> None:
    """Serve Bedrock on this loop, and measure in a thread beside it."""
    brain = ScriptedBrain(Scripted(says="Hello."))
    async with BedrockServer(brain) as bedrock:
        with open_desk(REGION, stage.work) as desk:
            reach = {**own_environment(), **desk.credentials, "SSL_CERT_FILE": str(bedrock.ca_file)}
            ours = _ours(stage, {**reach, **_settings(bedrock.url, desk.url)}, desk)
            theirs = _theirs(stage, {**reach, "AWS_REGION": REGION, "BEDROCK_URL": bedrock.url})
            await asyncio.to_thread(
                comparison.run,
                pairs,
                lambda: measure(ours, free_port()),
                lambda: measure(theirs, free_port()),
                console=console,
            )


def _ours(stage: _Stage, environment: Mapping[str, str], desk: Desk) -> Contender:
    @contextlib.contextmanager
    def serve(port: int) -> Iterator[Server]:
        command = [sys.executable, "main.py"]
        variables = {**environment, "PORT": str(port)}
        log = stage.work / "hotline.log"
        with served(command, port=port, environment=variables, folder=stage.work / "agent", log=log) as one:
            yield one

    return Contender(name="Hotline", serve=serve, admit=desk.admit)


def _theirs(stage: _Stage, environment: Mapping[str, str]) -> Contender:
    @contextlib.contextmanager
    def serve(port: int) -> Iterator[Server]:
        command = [stage.plain_python, AGENT]
        variables = {**environment, "PORT": str(port)}
        with served(
            command, port=port, environment=variables, folder=stage.work, log=stage.work / "plain.log"
        ) as one:
            yield one

    return Contender(name="The plain agent", serve=serve)


def _settings(bedrock_url: str, services_url: str) -> dict[str, str]:
    """Return the environment that the stack would give our agent, with its defaults."""
    return RuntimeSettings(
        stage="bench",
        region=REGION,
        model_id="amazon.nova-2-5-sonic",
        voice_id="tiffany",
        endpointing_sensitivity="HIGH",
        idle_seconds=60,
        call_seconds=900,
        call_cost_usd=1.0,
        orders_table="bench-orders",
        ledger_table=TABLE,
        bedrock_url=bedrock_url,
        services_url=services_url,
    ).to_environment()


def unpack_own_code(folder: Path) -> None:
    """Lay out what the bundle holds of ours, byte-code included; packages come from this environment.

    Raises:
        BenchmarkError: The bundle cannot be made.
    """
    try:
        make_bundle(ROOT, BUNDLE)
    except BundleError as fault:
        raise BenchmarkError(str(fault)) from fault
    with zipfile.ZipFile(BUNDLE) as bundle:
        own = [name for name in bundle.namelist() if name.split("/")[0] in (*OUR_FOLDERS, "main.py")]
        bundle.extractall(folder, own)
