"""The real agent in the laboratory's VPC: a process of its own, which the door reaches and the network does not.

Its Bedrock and its tables listen on the loopback of its machine, and so does it: what is invoked goes in through
a socket that is made there, as InvokeAgentRuntime reaches a microVM.  ICE finds no way along it.
"""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from runtime.door.ledger import Ledger
from runtime.door.session import State
from runtime.settings.agent import RuntimeSettings
from scripts.embedded.bedrock.brain import Brain
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from scripts.embedded.bedrock.server import BedrockServer
from scripts.embedded.children import tethered
from scripts.network.laboratory import Laboratory
from scripts.network.relay import Relay
from tests.runtime.conftest import SESSION_HEADER, until
from tests.runtime.dynamodb import LEDGER, ORDERS, REGION, dynamodb

ROOT = Path(__file__).resolve().parents[2]
PORT = 8080
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
CALLS_AT_ONCE = 100
"""More than all tests leave behind that are still ending."""


class Brains:
    """A brain that can be replaced while Bedrock runs: most calls want tones, one wants words."""

    def __init__(self) -> None:
        greeting = Scripted(says="Good morning.", tone_seconds=0.4)
        self.tones = ScriptedBrain(greeting, Scripted(says="I see.", tone_seconds=0.4))
        self.now: Brain = self.tones

    async def answer(self, turn, floor):
        await self.now.answer(turn, floor)


class Agent:
    """What a door knows of it; stands where `Browser` expects the world."""

    def __init__(self, machine, ledger, bedrock, brains, log):
        self._machine = machine
        self._log = log
        self.ledger = ledger
        self.bedrock = bedrock
        self.brains = brains

    def open_session(self):
        session_id = str(uuid.uuid4())
        self.ledger.open(
            session_id,
            owner="a-caller",
            transport="webrtc",
            concurrency=CALLS_AT_ONCE,
            per_caller=CALLS_AT_ONCE,
        )
        return session_id

    async def closed(self, session_id, seconds=30.0):
        await until(lambda: self.ledger.get(session_id).state is State.CLOSED, seconds)
        return self.ledger.get(session_id)

    async def invoke(self, session_id, **request):
        """Ask the agent of a session for something, as the door does."""
        body = json.dumps(request).encode()
        status, answer = await self.ask("POST", "/invocations", body, session_id)
        return status, json.loads(answer)

    async def ask(self, method, path, body=b"", session_id=""):
        connection = self._machine.make_socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", PORT))
            reader, writer = await asyncio.open_connection(sock=connection)
            head = f"{method} {path} HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n{SESSION_HEADER}: {session_id}\r\n"
            writer.write(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
        finally:
            connection.close()
        return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]

    async def is_up(self):
        try:
            return (await self.ask("GET", "/ping"))[0] == 200
        except OSError:
            return False

    def paths(self):
        """The kinds of candidate at both ends of every path that calls took, as the agent saw them."""
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        return [tuple(line["path"].split(" to ")) for line in lines if "path" in line]


@contextlib.asynccontextmanager
async def running_agent(laboratory: Laboratory, relay: Relay, folder: Path) -> AsyncIterator[Agent]:
    """Run it for the block."""
    machine, brains = laboratory["agent"], Brains()
    async with contextlib.AsyncExitStack() as kept:
        with machine.entered():
            database = kept.enter_context(dynamodb())
            bedrock = await kept.enter_async_context(BedrockServer(brains, endpointing_seconds=0.4))
        trusted = folder / "trusted.pem"
        trusted.write_text(bedrock.ca_file.read_text() + relay.certificates.ca_file.read_text())
        log = folder / "agent.log"
        environment = _settings(bedrock.url, database.url).to_environment() | KEYS
        environment |= {"SSL_CERT_FILE": str(trusted), "PORT": str(PORT), "BIND_HOST": "127.0.0.1"}
        kept.enter_context(_process(machine, environment, log))
        agent = Agent(machine, Ledger(database.client, LEDGER), bedrock, brains, log)
        async with asyncio.timeout(90):
            while not await agent.is_up():  # noqa: ASYNC110 - a process sets no event
                await asyncio.sleep(0.05)
        yield agent


@contextlib.contextmanager
def _process(machine, environment, log):
    command = tethered(machine.command([sys.executable, "-m", "runtime.main"]), grace_seconds=1.0)
    with (
        log.open("wb") as said,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **environment},
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
        ) as process,
    ):
        try:
            yield
        finally:
            process.stdin.close()


def _settings(bedrock_url, services_url):
    return RuntimeSettings(
        stage="laboratory",
        region=REGION,
        model_id="amazon.nova-2-5-sonic",
        voice_id="tiffany",
        endpointing_sensitivity="HIGH",
        idle_seconds=60,
        call_seconds=900,
        call_cost_usd=1.0,
        orders_table=ORDERS,
        ledger_table=LEDGER,
        bedrock_url=bedrock_url,
        services_url=services_url,
    )
