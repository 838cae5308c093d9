"""A stage that takes calls from every provider."""

import pytest

from runtime.settings.telephony import PhoneLine, TelephonySettings, lines_to_text
from tests.door.conftest import aws_client
from tests.door.guests import create_key
from tests.door.telephony.dialing import OURS, PUBLIC_URL, SECRETS, forget

BRIDGE_URL = "wss://bridge.example.com/stream"


@pytest.fixture
def phone_settings(dynamodb) -> TelephonySettings:  # noqa: ARG001 - it is what starts moto
    store = aws_client("secretsmanager")
    lines = {
        name: PhoneLine(
            secret_arn=store.create_secret(Name=name, SecretString=f"{secret}\n")["ARN"], numbers=(OURS,)
        )
        for name, secret in SECRETS.items()
    }
    return TelephonySettings(
        caller_key=create_key(aws_client("kms")),
        public_url=PUBLIC_URL,
        phone_lines=lines_to_text(lines),
        phone_concurrency=2,
        calls_per_number=2,
        replay_seconds=300,
        caller_countries="US GB",
        bridge_url=BRIDGE_URL,
    )


@pytest.fixture
def phone(environment, phone_settings):
    """The environment that the stack gives the function, in a process that has served nothing yet."""
    for name, value in phone_settings.to_environment().items():
        environment.setenv(name, value)
    forget()
    yield environment
    forget()
