"""AgentCore restores every session from one snapshot of the started agent: what may not be in it."""

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from runtime.settings.brains import CASCADE, SONIC
from tests.runtime.agent_settings import AGENT
from tests.runtime.conftest import greeted, until

ROOT = Path(__file__).parents[2]
PROBE = """
import asyncio, gc, json, os, random, secrets, socket, ssl, sys, threading, time, uuid

asked = set()

def watched(module, name):
    real = getattr(module, name)
    def ask(*words, **named):
        asker = sys._getframe(1).f_globals["__name__"]
        if asker.split(".")[0] in ("runtime", "turn"):
            asked.add(f"{asker} asks {name}")
        return real(*words, **named)
    setattr(module, name, ask)

for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter"):
    watched(time, name)
for module, name in ((random, "random"), (random, "uniform"), (random, "getrandbits"), (random, "Random"),
                     (os, "urandom"), (secrets, "token_bytes"), (secrets, "token_hex"), (secrets, "token_urlsafe"),
                     (uuid, "uuid4")):
    watched(module, name)

import runtime.main
from runtime import preload
from runtime.contract import Agent
from runtime.settings.agent import RuntimeSettings
sys.modules["runtime.main"]._prepare()
settings = RuntimeSettings.from_environment(os.environ)
agent = Agent(settings)
preload._import_everything(settings.brain_kind)
from awscrt.io import ClientBootstrap, EventLoopGroup
from botocore.client import BaseClient
from botocore.credentials import Credentials
from botocore.session import Session
from smithy_http.aio.crt import AWSCRTHTTPClient

gc.unfreeze()
LIVE = (socket.socket, asyncio.AbstractEventLoop, BaseClient, Credentials, Session, AWSCRTHTTPClient,
        ClientBootstrap, EventLoopGroup)
print(json.dumps({
    "asked": sorted(asked),
    "live": sorted({type(one).__name__ for one in gc.get_objects() if isinstance(one, LIVE)}),
    "threads": len(os.listdir("/proc/self/task")),
    "sockets": [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                if os.path.exists(f"/proc/self/fd/{fd}")
                and os.readlink(f"/proc/self/fd/{fd}").startswith("socket")],
    "modules": sorted(name for name, module in sys.modules.items() if module),
}))
"""


@cache  # nothing that it looks at differs from one test to the next
def probe(brain_kind: str = SONIC) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **replace(AGENT, brain_kind=brain_kind).to_environment()},
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("brain_kind", [SONIC, CASCADE])
def test_nothing_that_would_be_shared_or_stale_is_made_at_import(brain_kind):
    """A client, a key or a socket from the snapshot would be the same, and too old, in every session."""
    found = probe(brain_kind)

    assert found["live"] == []
    assert found["sockets"] == []
    assert found["threads"] == 1


@pytest.mark.parametrize("brain_kind", [SONIC, CASCADE])
def test_no_clock_is_read_and_nothing_is_drawn_before_the_snapshot(brain_kind):
    """Every session would begin at the same, past moment, and draw the same numbers."""
    assert probe(brain_kind)["asked"] == []


async def test_the_pings_before_the_snapshot_leave_no_moment_in_it(start_agent):
    """AgentCore measures idleness from the moment that a ping names: days ago, in a session restored days later."""
    async with start_agent() as world:
        await until(lambda: world.agent._preload.is_ready)
        answers = [await world.get("/ping") for _ in range(2)]

        assert answers == [(200, {"status": "Healthy"})] * 2
        async with world.call() as line:
            await greeted(line)
        assert "time_of_last_update" in (await world.get("/ping"))[1]


def test_what_a_call_needs_is_imported_before_it():
    """What the snapshot lacks, every caller waits for."""
    modules = set(probe()["modules"])

    assert {
        "pipecat.pipeline.worker",
        "aws_sdk_bedrock_runtime.client",
        "botocore.session",
        "numpy",
        "runtime.transports.websocket",
    } <= modules


def test_each_brain_is_imported_before_its_calls_and_the_other_never():
    """aiobotocore alone takes 10 MB and its time; nobody has two brains."""
    sonics, cascades = set(probe()["modules"]), set(probe(CASCADE)["modules"])
    only_sonics = {"aws_sdk_bedrock_runtime.client", "runtime.brains.sonic"}
    only_cascades = {"aiobotocore.session", "aiohttp", "num2words", "runtime.brains.cascade.voice"}

    assert only_sonics <= sonics
    assert only_cascades <= cascades
    assert not only_cascades & sonics
    assert not only_sonics & cascades


def test_what_no_call_needs_is_not_imported():
    """Each of these was measured: FastAPI 0.25 s, aiohttp 0.2 s, voice detectors 46 MB."""
    modules = set(probe()["modules"]) | set(probe(CASCADE)["modules"])

    assert not modules & {
        "fastapi",
        "onnxruntime",
        "transformers",
        "numba",
        "cv2",
        "openai",
        "bedrock_agentcore",
    }


async def test_each_call_draws_random_numbers_of_its_own(start_agent):
    """Python's generator is seeded once, before the snapshot: every session would repeat the others."""
    random.seed(7)
    random.getrandbits(32)  # from here on the state stays, but for its position, for 600 draws
    shared = random.getstate()[1][:-1]
    async with start_agent() as world, world.call() as line:
        await greeted(line)

        assert random.getstate()[1][:-1] != shared
