"""The session ledger that our agent joins before it speaks; the plain agent has none to ask.

It stays in the benchmark because a deployed agent pays for it too.
"""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from runtime.door.ledger import Ledger
from runtime.door.table import KEY
from scripts.benchmarks.errors import BenchmarkError
from scripts.benchmarks.process import free_port, own_environment
from scripts.embedded.children import Child
from scripts.embedded.handed import PlatformKeys

ROOT = Path(__file__).resolve().parents[2]
TABLE = "bench-ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where sessions are opened for the agent to join."""

    url: str
    credentials: Mapping[str, str]
    """As environment variables."""
    ledger: Ledger

    def admit(self, session_id: str) -> None:
        """Open a session, as the door does."""
        self.ledger.open(session_id, owner="bench", transport="websocket", concurrency=1000, per_caller=1000)


@contextlib.contextmanager
def open_desk(region: str, work: Path) -> Iterator[Desk]:
    """Run MiniStack with an empty ledger for the block.

    Raises:
        BenchmarkError: It does not start.
    """
    keys, port = PlatformKeys.make(), free_port()
    environment = {**own_environment(), **keys.to_environment()}
    command = [sys.executable, "-m", "scripts.embedded.ministack", "--port", str(port), "--work", str(work)]
    with (work / "ministack.log").open("w+") as log:
        child = Child("MiniStack", command, environment=environment, folder=ROOT, log=log)
        try:
            if not _is_ready(child.first_line()):
                log.seek(0)
                raise BenchmarkError(f"MiniStack did not start, so our agent has no ledger:\n{log.read()}")
            credentials = {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret}
            url = f"http://localhost:{port}"
            client = boto3.client(
                "dynamodb",
                endpoint_url=url,
                region_name=region,
                aws_access_key_id=keys.access_key,
                aws_secret_access_key=keys.secret,
            )
            _create_table(client)
            yield Desk(url=url, credentials=credentials, ledger=Ledger(client, TABLE))
        finally:
            child.stop()


def _is_ready(line: str) -> bool:
    return bool(line) and bool(json.loads(line).get("ready"))


def _create_table(client: Any) -> None:
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": KEY, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
