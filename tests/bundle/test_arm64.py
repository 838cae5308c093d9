"""The bundle on the processor that it is made for: from its start to a call with a look-up in it."""

import subprocess
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.door.ledger import Ledger
from scripts.calling.utterance import Utterance
from scripts.calling.websocket_line import WebSocketLine
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain, tone
from scripts.embedded.bedrock.server import BedrockServer
from tests.bundle.arm64 import Arm64Python, find_or_fetch_python
from tests.bundle.started_agent import SETTINGS, StartedAgent, started
from tests.runtime.browser import Browser
from tests.runtime.conftest import SESSION_HEADER, World
from tests.runtime.dynamodb import dynamodb

ROOT = Path(__file__).resolve().parents[2]

GREETING = Scripted(says="Good morning, how can I help?", tone_seconds=0.4)
LOOK_UP = Scripted(
    hears="order four two seven",
    tool=("order_status", {"order_number": "427"}),
    says="It is {result}",
    tone_seconds=0.4,
)
PATIENCE = {"start_seconds": 60, "end_seconds": 60, "quiet_seconds": 0.5}  # the processor is emulated


@pytest.fixture(scope="session")
def arm64_python() -> Arm64Python:
    return find_or_fetch_python(ROOT / ".cache")


@pytest.fixture(scope="module")
def agent(arm64_python: Arm64Python, unpacked: Path) -> Iterator[StartedAgent]:
    with started(arm64_python.command, unpacked) as running:
        yield running


def test_the_agent_is_healthy_on_arm64(agent: StartedAgent):
    """Every extension module that a call needs loads on the processor of a microVM, from the bundle alone."""
    assert agent.first_ping["status"] == "Healthy"


def test_nothing_is_compiled_at_its_start(agent: StartedAgent, unpacked: Path, bundle: Path):  # noqa: ARG001
    """Python writes what it had to compile, so a caller who waited for a compiler would show."""
    with zipfile.ZipFile(bundle) as archive:
        shipped = {name for name in archive.namelist() if name.endswith(".pyc")}

    assert {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*.pyc")} == shipped


def test_it_ran_on_arm64_with_the_agents_python(arm64_python: Arm64Python):
    """The proof above is one only if nothing of this machine's own Python took part."""
    ask = "import platform, sys; print(platform.machine(), *sys.version_info[:2])"
    said = subprocess.run(
        [*arm64_python.command, "-c", ask], capture_output=True, text=True, check=True
    ).stdout

    assert said.split() == ["aarch64", "3", "13"]


async def test_a_call_is_held_with_nothing_but_what_is_shipped(
    arm64_python: Arm64Python, unpacked: Path, tmp_path: Path
):
    """What was left out is not missed half-way through a call, and TLS, HTTP/2 and audio work on arm64."""
    session_id = str(uuid.uuid4())
    with dynamodb() as database:
        ledger = Ledger(database.client, SETTINGS.ledger_table)
        ledger.open(session_id, owner="a-caller", transport="websocket", concurrency=1, per_caller=1)
        brain = ScriptedBrain(GREETING, LOOK_UP)
        async with BedrockServer(brain, endpointing_seconds=0.2, certificates_folder=tmp_path) as bedrock:
            settings = replace(SETTINGS, bedrock_url=bedrock.url, services_url=database.url)
            keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
            ca = {"SSL_CERT_FILE": str(bedrock.ca_file)}
            with started(arm64_python.command, unpacked, settings, **keys, **ca) as agent:
                url = f"ws://127.0.0.1:{agent.port}/ws"
                async with WebSocketLine.open(url, headers={SESSION_HEADER: session_id}) as line:
                    await line.ear.utterance(after=line.opened_at, **PATIENCE)
                    asked_at = await line.microphone.say(Utterance(tone(0.5, 16_000)))
                    await line.ear.utterance(after=asked_at, **PATIENCE)
                    await line.hang_up()
            looked_up = bedrock.sessions[0].tool_results
        row = ledger.get(session_id)

    assert '"status": "shipped"' in looked_up[0]
    assert row is not None
    assert row.reason == "hang_up"


async def test_a_call_over_webrtc_is_greeted(arm64_python: Arm64Python, unpacked: Path, tmp_path: Path):
    """ICE, DTLS, SRTP and Opus work on arm64, and none of their parts was left out or pruned."""
    session_id = str(uuid.uuid4())
    with dynamodb() as database:
        ledger = Ledger(database.client, SETTINGS.ledger_table)
        ledger.open(session_id, owner="a-caller", transport="webrtc", concurrency=1, per_caller=1)
        async with BedrockServer(ScriptedBrain(GREETING), certificates_folder=tmp_path) as bedrock:
            settings = replace(SETTINGS, bedrock_url=bedrock.url, services_url=database.url)
            keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
            ca = {"SSL_CERT_FILE": str(bedrock.ca_file)}
            with started(arm64_python.command, unpacked, settings, **keys, **ca) as agent:
                world = World(settings, database, bedrock, agent.port)
                async with Browser(world, session_id) as browser:
                    await browser.call(seconds=60)
                    await browser.hear(seconds=60)
