"""The bundle on the processor that it is made for: from its start to a call with a look-up in it."""

import subprocess
import zipfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from scripts.calling.utterance import Utterance
from scripts.calling.websocket_line import WebSocketLine
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain, tone
from scripts.embedded.bedrock.server import BedrockServer
from tests.bundle.arm64 import Arm64Python, find_or_fetch_python
from tests.bundle.started_agent import SETTINGS, started
from tests.runtime.browser import Browser
from tests.runtime.conftest import World, until
from tests.runtime.dynamodb import dynamodb

ROOT = Path(__file__).resolve().parents[2]

GREETING = Scripted(says="Good morning, how can I help?", tone_seconds=0.4)
LOOK_UP = Scripted(
    hears="order four two seven",
    tool=("order_status", {"order_number": "427"}),
    says="It is {result}",
    tone_seconds=0.4,
)
PATIENCE = {"start_seconds": 100, "end_seconds": 100, "quiet_seconds": 0.5}  # the processor is emulated
QUESTIONS, QUESTION_SECONDS = 5, 30


@pytest.fixture(scope="session")
def arm64_python() -> Arm64Python:
    return find_or_fetch_python(ROOT / ".cache")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    arm64_python: Arm64Python, unpacked: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """An agent of the bundle alone, with Bedrock and DynamoDB behind it.  It is started once: that takes long here."""
    # By what the caller did: an agent that falls behind may go on in a new stream, whose first turn is no greeting.
    brain = ScriptedBrain(choose=lambda turn: LOOK_UP if turn.text is None else GREETING)
    folder = tmp_path_factory.mktemp("certificates")
    with dynamodb() as database:
        async with BedrockServer(brain, endpointing_seconds=0.2, certificates_folder=folder) as bedrock:
            settings = replace(SETTINGS, bedrock_url=bedrock.url, services_url=database.url)
            keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
            ca = {"SSL_CERT_FILE": str(bedrock.ca_file)}
            with started(arm64_python.command, unpacked, settings, **keys, **ca) as agent:
                assert agent.first_ping["status"] == "Healthy"
                yield World(settings, database, bedrock, agent.port)


def test_it_ran_on_arm64_with_the_agents_python(arm64_python: Arm64Python):
    """The proof above is one only if nothing of this machine's own Python took part."""
    ask = "import platform, sys; print(platform.machine(), *sys.version_info[:2])"
    said = subprocess.run(
        [*arm64_python.command, "-c", ask], capture_output=True, text=True, check=True
    ).stdout

    assert said.split() == ["aarch64", "3", "13"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_call_is_held_with_nothing_but_what_is_shipped(world: World):
    """What was left out is not missed half-way through a call, and TLS, HTTP/2 and audio work on arm64."""
    session_id = world.open_session()
    async with world.call(session_id) as line:
        await line.ear.utterance(after=line.opened_at, **PATIENCE)
        asked_at = await ask_until_looked_up(world, line)
        await line.ear.utterance(after=asked_at, **PATIENCE)
        await line.hang_up()
    row = await world.closed(session_id, seconds=60)

    assert '"status": "shipped"' in looked_up(world)[0]
    assert row.reason == "hang_up"


def looked_up(world: World) -> list[str]:
    """What the tool has answered, in whichever stream."""
    return [result for one in world.bedrock.sessions for result in one.tool_results]


async def ask_until_looked_up(world: World, line: WebSocketLine) -> float:
    """Ask again while the tool has not answered; return when it was last asked.

    What is heard tells nothing: it may be the rest of the greeting, where the processor falls behind.  Nor is one
    question enough there: it may arrive in two pieces, the second of which interrupts the look-up.
    """
    for _ in range(QUESTIONS):
        asked_at = await line.microphone.say(Utterance(tone(0.5, 16_000)))
        with suppress(TimeoutError):
            await until(lambda: looked_up(world), QUESTION_SECONDS)
            return asked_at
    raise AssertionError("The agent was asked again and again, and looked nothing up.")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_call_over_webrtc_is_greeted(world: World):
    """ICE, DTLS, SRTP and Opus work on arm64, and none of their parts was left out or pruned."""
    async with Browser(world, world.open_session("webrtc")) as browser:
        await browser.call(seconds=100)
        await browser.hear(seconds=100)


@pytest.mark.usefixtures("world")
def test_nothing_is_compiled_at_its_start_or_in_a_call(unpacked: Path, bundle: Path):
    """Python writes what it had to compile, so a caller who waited for a compiler would show."""
    with zipfile.ZipFile(bundle) as archive:
        shipped = {name for name in archive.namelist() if name.endswith(".pyc")}

    assert {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*.pyc")} == shipped
