"""The bridge as its container starts it: a process, an environment, and a signal at the end."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.bridge.conftest import RUNTIME
from tests.runtime.conftest import PATIENCE_SECONDS
from tests.runtime.dynamodb import LEDGER, REGION

ROOT = Path(__file__).parents[2]

ENVIRONMENT = {
    "HOTLINE_STAGE": "test",
    "HOTLINE_REGION": REGION,
    "HOTLINE_RUNTIME_ARN": RUNTIME,
    "HOTLINE_ENDPOINT_NAME": "live",
    "HOTLINE_LEDGER_TABLE": LEDGER,
    "HOTLINE_CALL_SECONDS": "900",
    "HOTLINE_JOIN_SECONDS": "60",
    "HOTLINE_STREAMS_PER_TASK": "5",
}


async def started(**environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "runtime.bridge.main",
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "BIND_HOST": "127.0.0.1", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def healthy(port: int) -> bool:
    try:
        await connect(f"ws://127.0.0.1:{port}/health")
    except InvalidStatus as answered:
        return answered.response.status_code == 200
    except OSError:
        return False
    return False


async def test_serves_until_it_is_told_to_stop():
    """Fargate sends SIGTERM; a process that ignores it is killed two minutes later."""
    port = free_port()
    process = await started(PORT=str(port), **ENVIRONMENT)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await healthy(port):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        process.terminate()
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()

    assert process.returncode == 0
    assert b"BridgedStreams" in said


@pytest.mark.parametrize("left_out", ["HOTLINE_RUNTIME_ARN", "HOTLINE_STREAMS_PER_TASK"])
async def test_names_what_its_environment_lacks(left_out):
    """The first thing to read in the log of a task that does not start."""
    process = await started(**{name: value for name, value in ENVIRONMENT.items() if name != left_out})
    _, said = await asyncio.wait_for(process.communicate(), 20)

    assert process.returncode == 2
    assert left_out.encode() in said
