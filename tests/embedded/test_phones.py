"""Somebody calls from a phone: webhook, answer document, media stream, agent, ledger; each provider in its own words."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from runtime.door.ledger import Ledger
from runtime.door.session import State
from runtime.phones import LINES
from runtime.settings import BridgeSettings
from scripts.calling.phone_line import PhoneLine
from scripts.calling.phone_webhooks import PhoneAccount, Stream, ring, stream_of
from scripts.calling.running import deployed_on
from scripts.calling.utterance import Utterance
from scripts.embedded.bedrock.scripted import tone
from scripts.embedded.cloud import EmbeddedCloud
from scripts.embedded.phones import CALLER, connect_phones
from tests.embedded.conftest import free_base_port
from tests.embedded.waiting import until

ROOT = Path(__file__).parents[2]


class PhonedCloud:
    """A cloud whose stage has numbers, and a bridge beside it."""

    def __init__(self, cloud: EmbeddedCloud, port: int) -> None:
        self.cloud = cloud
        self._port = port
        url = f"ws://localhost:{port}/stream"
        accounts, section = connect_phones(cloud.client("secretsmanager"), url)
        self.accounts = {one.provider: one for one in accounts}
        cloud.deploy(overrides={"telephony": section, "door": {"sessions_per_caller": 5}})
        self.deployment = deployed_on(cloud, "embedded")
        self.ledger = Ledger(self.deployment.tables(), self.deployment.outputs["LedgerTable"])

    def start_bridge(self) -> subprocess.Popen[bytes]:
        """Start the program that Fargate runs, with the variables that its stack writes."""
        outputs = self.deployment.outputs
        settings = BridgeSettings(
            stage="embedded",
            region=self.deployment.region,
            runtime_arn=outputs["RuntimeArn"],
            endpoint_name=outputs["EndpointName"],
            ledger_table=outputs["LedgerTable"],
            call_seconds=900,
            join_seconds=60,
            streams_per_task=5,
            agentcore_url=self.cloud.ports.endpoints()["agentcore"],
        )
        return subprocess.Popen(
            [sys.executable, "-m", "runtime.bridge.main"],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "PORT": str(self._port),
                "BIND_HOST": "127.0.0.1",
                **self.cloud.environment,
                **settings.to_environment(),
            },
            stdout=subprocess.DEVNULL,
        )

    def ring(self, account: PhoneAccount, *, url: str = "") -> httpx.Response:
        """Send the provider's webhook."""
        address = f"{self.deployment.outputs['TelephonyUrl']}{account.provider}"
        webhook = ring(account, url or address, CALLER)
        return httpx.post(
            address, content=webhook.body, headers=dict(webhook.headers), timeout=30, trust_env=False
        )


@pytest.fixture(scope="module")
def phoned() -> Iterator[PhonedCloud]:
    base = free_base_port()
    with EmbeddedCloud(base_port=base, progress=lambda _line: None) as cloud:
        prepared = PhonedCloud(cloud, base + 6)
        bridge = prepared.start_bridge()
        try:
            yield prepared
        finally:
            bridge.terminate()
            bridge.wait(20)


@pytest.mark.parametrize("provider", LINES)
async def test_a_phone_call_is_answered_and_leaves_a_closed_row(phoned, provider):
    """The whole way, with the deployed function, the deployed agent and its spoken model."""
    answer = await asyncio.to_thread(phoned.ring, phoned.accounts[provider])
    assert answer.status_code == 200, answer.text
    stream = stream_of(answer.text, provider)

    async with PhoneLine.open(stream.url, provider, parameters=stream.parameters) as line:
        await line.ear.utterance(after=line.opened_at, start_seconds=30, end_seconds=30, quiet_seconds=0.8)
        row = await asyncio.to_thread(phoned.ledger.get, stream.session_id)
        assert (row.transport, row.state) == (provider, State.ACTIVE)
        assert CALLER not in row.owner
        spoke = await line.microphone.say(Utterance(tone(0.6, 16_000)))
        await line.ear.utterance(after=spoke, start_seconds=30, end_seconds=30, quiet_seconds=0.8)
        await line.hang_up()

    await until(lambda: closed(phoned, stream))
    assert closed(phoned, stream).reason == "hang_up"


async def test_a_bridged_stream_works_once(phoned):
    """Who reads the answer document later gets nobody on the line."""
    answer = await asyncio.to_thread(phoned.ring, phoned.accounts["twilio"])
    stream = stream_of(answer.text, "twilio")
    async with PhoneLine.open(stream.url, "twilio", parameters=stream.parameters) as line:
        await line.ear.utterance(after=line.opened_at, start_seconds=30, end_seconds=30, quiet_seconds=0.8)
        async with PhoneLine.open(stream.url, "twilio", parameters=stream.parameters) as other:
            await until(lambda: other.ear.lost)
            assert "1008" in other.ear.lost
        await line.hang_up()


@pytest.mark.parametrize("provider", LINES)
async def test_nobody_else_may_ring(phoned, provider):
    """The route is open; the signature is what holds."""
    account = phoned.accounts[provider]
    forged = PhoneAccount(
        provider=provider, number=account.number, secret=phoned.accounts["telnyx"].secret[::-1]
    )
    if provider == "telnyx":
        forged = PhoneAccount(provider=provider, number=account.number, secret="A" * 43 + "=")
    answer = await asyncio.to_thread(phoned.ring, forged)

    assert answer.status_code == 403, answer.text


def closed(phoned: PhonedCloud, stream: Stream):
    row = phoned.ledger.get(stream.session_id)
    return row if row.state is State.CLOSED else None


def test_the_way_in_is_no_part_of_what_twilio_is_told(phoned):
    """Twilio would drop the query and with it the signature."""
    answer = phoned.ring(phoned.accounts["twilio"])

    assert not urlsplit(stream_of(answer.text, "twilio").url).query
