"""A ledger on a DynamoDB in this process, an AgentCore on a socket, and a clock that moves when told to."""

from dataclasses import dataclass
from email.utils import formatdate
from functools import cache
from typing import Any

import pytest
from botocore.config import Config
from moto import mock_aws
from moto.kms import models as moto_kms

from runtime.door.ledger import Ledger
from runtime.door.pace import PREFIX
from runtime.settings.door import DoorSettings
from tests.door.gateway import Gateway, forget
from tests.door.ministack import REGION, serving_dynamodb
from tests.door.settings import TABLE, settings_of_a_door
from tests.door.stand_in import standing_in
from turn.clients import Clients
from turn.settings import CoturnSettings

SESSION = Clients()
moto_private_key = cache(moto_kms.generate_private_key)
"""moto makes an RSA key for each key of KMS, HMAC keys too, and that takes longer than most tests."""
RELAY_SECRET = "the-secret-that-relays-share"


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dynamodb(monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.setattr(moto_kms, "generate_private_key", moto_private_key)
    with mock_aws():
        client = aws_client("dynamodb")
        create_table(client, TABLE)
        yield client


def answers_at(client, moment: float) -> None:
    """Have every answer to *client* bear that date (seconds since 1970)."""

    def date(parsed: dict[str, Any], **_: object) -> None:
        parsed["ResponseMetadata"]["HTTPHeaders"]["date"] = formatdate(moment, usegmt=True)

    client.meta.events.register_first(f"after-call.{client.meta.service_model.service_id.hyphenize()}", date)


@pytest.fixture
def ledger(dynamodb, clock) -> Ledger:
    return Ledger(dynamodb, TABLE, clock=clock)


@pytest.fixture(scope="session")
def ministack_dynamodb(tmp_path_factory):
    """DynamoDB of the embedded cloud; tests make tables of their own."""
    with serving_dynamodb(tmp_path_factory.mktemp("ministack")) as client:
        yield client


def aws_client(service: str):
    """A client of the AWS in this process, of one session: making a session takes longer than most tests."""
    return SESSION.make(service, region=REGION, config=Config())


def create_table(client, name: str) -> None:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "session_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "session_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def items(client) -> list[dict]:
    """Everything in the ledger table but callers' pace, which every request moves, as DynamoDB has it."""
    found = client.scan(TableName=TABLE)["Items"]
    return [one for one in found if not one["session_id"]["S"].startswith(PREFIX)]


@pytest.fixture
def agentcore():
    with standing_in() as stand_in:
        yield stand_in


@pytest.fixture
def relays(dynamodb) -> CoturnSettings:  # noqa: ARG001 - it is what starts moto
    """Relays of our own, with their secret where the stack keeps it."""
    secret = aws_client("secretsmanager").create_secret(Name="relays", SecretString=RELAY_SECRET)
    return CoturnSettings(addresses=("192.0.2.7",), realm="turn.test", secret_arn=secret["ARN"])


@pytest.fixture
def door_settings(agentcore) -> DoorSettings:
    return settings_of_a_door(agentcore_url=agentcore.url)


@pytest.fixture
def environment(monkeypatch, door_settings, relays):
    """The environment that the stack gives the functions, in a process that has served nothing yet."""
    for name, value in {**door_settings.to_environment(), **relays.to_environment()}.items():
        monkeypatch.setenv(name, value)
    forget()
    yield monkeypatch
    forget()


@pytest.fixture
def call(environment, dynamodb) -> Gateway:  # noqa: ARG001 - a fixture cannot use `usefixtures`
    """Send a request through the handler as API Gateway does."""
    return Gateway()
