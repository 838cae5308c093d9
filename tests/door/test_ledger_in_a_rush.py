"""The concurrency cap against a DynamoDB that serves requests side by side, which moto does not."""

import json
import os
import socket
import sys
import threading
from uuid import uuid4

import pytest

from runtime.door.errors import ConcurrencyReachedError
from runtime.door.ledger import Ledger
from runtime.door.session import Reason
from scripts.embedded.children import Child
from scripts.embedded.clients import make_client
from tests.door.conftest import REGION, TABLE, create_table
from tests.stacks.deployment import ROOT

KEYS = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """A ledger on MiniStack, in a process of its own."""
    folder = tmp_path_factory.mktemp("ministack")
    port = free_port()
    environment = {
        **os.environ,
        "HOME": str(folder),
        "HOTLINE_ACCESS_KEY": KEYS["access_key"],
        "HOTLINE_SECRET": KEYS["secret"],
        "HOTLINE_TOKEN": "asked by nobody here",
    }
    command = [sys.executable, "-m", "scripts.embedded.ministack", "--port", str(port), "--work", folder]
    with (folder / "log").open("w") as log:
        server = Child("ministack", command, environment=environment, folder=ROOT, log=log)
        try:
            assert json.loads(server.first_line())["ready"], (folder / "log").read_text()
            client = make_client("dynamodb", url=f"http://localhost:{port}", region=REGION, **KEYS)
            create_table(client, TABLE)
            yield Ledger(client, TABLE)
        finally:
            server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def all_at_once(act, count: int) -> list:
    """Do *act* in *count* threads; return what each came to."""
    results = []
    start = threading.Barrier(count)

    def attempt() -> None:
        start.wait()
        try:
            results.append(act())
        except ConcurrencyReachedError as refusal:
            results.append(refusal)

    threads = [threading.Thread(target=attempt) for _ in range(count)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return results


def test_a_rush_of_callers_never_exceeds_the_cap(ledger):
    """The cap guards Bedrock's quota and the bill exactly when everybody calls."""

    def arrive() -> str:
        session_id = str(uuid4())
        return ledger.open(session_id, owner="o", transport="websocket", concurrency=5).session_id

    verdicts = all_at_once(arrive, 20)

    admitted = [one for one in verdicts if isinstance(one, str)]
    assert (len(verdicts), len(admitted)) == (20, 5)
    assert {one.session_id for one in ledger.open_sessions()} == set(admitted)


def test_many_who_end_one_call_give_one_place_back(ledger):
    """Agent, caller and reaper may all see the end of a call in the same second."""
    session_id = str(uuid4())
    ledger.open(session_id, owner="o", transport="websocket", concurrency=100)
    before = len(list(ledger.open_sessions()))

    verdicts = all_at_once(lambda: ledger.close(session_id, Reason.HANG_UP), 8)

    assert sorted(verdicts) == [False] * 7 + [True]
    assert len(list(ledger.open_sessions())) == before - 1
