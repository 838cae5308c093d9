"""Somebody calls from a phone: webhook, answer document, media stream, agent, ledger; each provider in its own words."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest

from runtime.door.ledger import Ledger
from runtime.door.session import State
from runtime.phones import LINES
from scripts.calling.phone_line import PhoneLine
from scripts.calling.phone_webhooks import PhoneAccount, Stream, ring, stream_of
from scripts.calling.running import deployed_on
from scripts.calling.utterance import Utterance
from scripts.embedded.bedrock.scripted import tone
from scripts.embedded.cloud import EmbeddedCloud
from scripts.embedded.phones import CALLER
from tests.embedded.conftest import free_base_port
from tests.embedded.waiting import until

TRIES = 4


class PhonedCloud:
    """A cloud whose stage has numbers, and a bridge beside it."""

    def __init__(self, cloud: EmbeddedCloud) -> None:
        section = cloud.connect_phones()
        self.accounts = {one.provider: one for one in cloud.phones}
        cloud.deploy(overrides={"telephony": section})
        cloud.start_bridge()
        self.deployment = deployed_on(cloud, "embedded")
        self.ledger = Ledger(self.deployment.tables(), self.deployment.outputs["LedgerTable"])

    def ring(self, account: PhoneAccount) -> httpx.Response:
        """Send the provider's webhook."""
        address = f"{self.deployment.outputs['TelephonyUrl']}{account.provider}"
        webhook = ring(account, address)
        return httpx.post(
            address, content=webhook.body, headers=dict(webhook.headers), timeout=30, trust_env=False
        )

    async def connected(self, provider: str) -> Stream:
        """Ring until somebody answers: on a busy machine an agent may start too late, and callers call again."""
        for _ in range(TRIES):
            answer = await asyncio.to_thread(self.ring, self.accounts[provider])
            assert answer.status_code == 200, answer.text
            if "/stream" in answer.text or "/ws?" in answer.text:
                return stream_of(answer.text, provider)
        raise AssertionError(answer.text)


@pytest.fixture(scope="module")
def phoned() -> Iterator[PhonedCloud]:
    with EmbeddedCloud(base_port=free_base_port(), progress=lambda _line: None) as cloud:
        yield PhonedCloud(cloud)


@pytest.mark.parametrize("provider", LINES)
async def test_a_phone_call_is_answered_and_leaves_a_closed_row(phoned, provider):
    """The whole way, with the deployed function, the deployed agent and its spoken model."""
    stream = await phoned.connected(provider)

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
    stream = await phoned.connected("twilio")
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
    wrong = "A" * 43 + "="  # also a key of Ed25519, in base64
    forged = replace(account, secret=wrong)
    answer = await asyncio.to_thread(phoned.ring, forged)

    assert answer.status_code == 403, answer.text


def closed(phoned: PhonedCloud, stream: Stream):
    row = phoned.ledger.get(stream.session_id)
    return row if row.state is State.CLOSED else None


async def test_the_way_in_is_no_part_of_what_twilio_is_told(phoned):
    """Twilio would drop the query and with it the signature."""
    stream = await phoned.connected("twilio")

    assert not urlsplit(stream.url).query
