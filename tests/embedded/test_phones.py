"""Somebody calls from a phone: webhook, answer document, media stream, agent, ledger; each provider in its own words."""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from urllib.parse import urlsplit

import httpx
import pytest
from rich.console import Console

from runtime.door.ledger import Ledger
from runtime.door.session import Session, State
from runtime.phones import LINES
from scripts.calling.listener import Listener
from scripts.calling.phone_line import PhoneLine
from scripts.calling.phone_webhooks import Stream, ring, stream_of
from scripts.calling.progress import Progress
from scripts.calling.rehearsal import Verdict, rehearse
from scripts.calling.running import deployed_on
from scripts.calling.voice import spoken
from scripts.embedded.cloud import EmbeddedCloud
from scripts.embedded.phones import CALLER, PhoneAccount
from scripts.embedded.speech import Grammar, Speech
from tests.embedded.conftest import free_base_port
from tests.embedded.waiting import until
from tests.local.conftest import TRIES, judged

WEBHOOK_SECONDS = 60
"""What a provider would not wait, but a machine with other tests to run may need to start an agent."""

PATIENCE = {"start_seconds": 30, "end_seconds": 30, "quiet_seconds": 0.8}

PEOPLE = {"kind": "callback", "email": "people@hotline.invalid"}


class PhonedCloud:
    """A cloud whose stage has numbers and people, and a bridge beside it."""

    def __init__(self, cloud: EmbeddedCloud) -> None:
        section = cloud.connect_phones()
        self.accounts = {one.provider: one for one in cloud.phones}
        cloud.deploy(overrides={"telephony": section, "escalation": PEOPLE})
        cloud.start_bridge()
        self.deployment = deployed_on(cloud, "embedded")
        self.tables = self.deployment.tables()
        self.ledger = Ledger(self.tables, self.deployment.outputs["LedgerTable"])
        self.callbacks = cloud.outputs("Hotline-embedded-Runtime")["CallbacksTable"]
        self.metrics = cloud.client("cloudwatch")

    def ring(self, account: PhoneAccount) -> httpx.Response:
        """Send the provider's webhook."""
        address = f"{self.deployment.outputs['TelephonyUrl']}{account.provider}"
        webhook = ring(account, address)
        return httpx.post(
            address,
            content=webhook.body,
            headers=dict(webhook.headers),
            timeout=WEBHOOK_SECONDS,
            trust_env=False,
        )

    async def connected(self, provider: str) -> Stream:
        """Ring until somebody answers."""
        for _ in range(TRIES):
            answer = await asyncio.to_thread(self.ring, self.accounts[provider])
            # Anything else is a busy machine's: a function that had no time, or an agent that is not up yet.
            if answer.is_success and ("/stream" in answer.text or "/ws?" in answer.text):
                return stream_of(answer.text, provider)
        raise AssertionError(answer.text)

    async def judged(self, provider: str) -> Verdict:
        """Ask about an order."""
        quiet = Progress(Console(file=StringIO()))
        return await judged(lambda: rehearse(self.deployment, self.metrics, quiet, transport=provider))

    async def closed(self, session_id: str) -> Session:
        """Wait until the session's row is closed."""
        rows: list[Session] = []

        def is_closed() -> bool:
            rows[:] = [row for row in [self.ledger.get(session_id)] if row and row.state is State.CLOSED]
            return bool(rows)

        await until(is_closed)
        return rows[0]


@pytest.fixture(scope="module")
def phoned() -> Iterator[PhonedCloud]:
    with EmbeddedCloud(base_port=free_base_port(), progress=lambda _line: None) as cloud:
        yield PhonedCloud(cloud)


@pytest.mark.parametrize("providers", itertools.batched(LINES, 2), ids="+".join)
async def test_callers_of_every_provider_are_understood_and_answered(phoned, providers, monkeypatch):
    """The whole way: the deployed function, the deployed agent, speech there and back, and a row of their own."""
    monkeypatch.setattr("scripts.calling.phone_caller.WEBHOOK_SECONDS", WEBHOOK_SECONDS)
    verdicts = await asyncio.gather(*(phoned.judged(provider) for provider in providers))

    for provider, verdict in zip(providers, verdicts, strict=True):
        row = phoned.ledger.get(verdict.figures.session_id)
        assert (row.transport, row.reason) == (provider, "hang_up")
        assert CALLER not in row.owner
        assert verdict.figures.tool_calls is None  # unknown, which is not none


async def test_a_caller_who_asks_for_a_person_hears_that_one_will_call(phoned):
    """Over the bridge: the promise and the goodbye to their end, then the line closes; the number waits for people."""
    speech = await spoken("can I speak to a person")
    stream = await phoned.connected("twilio")
    async with PhoneLine.open(stream.url, "twilio", parameters=stream.parameters) as line:
        await line.ear.utterance(after=line.opened_at, **PATIENCE)
        spoke = await line.microphone.say(speech)
        await until(lambda: line.ear.lost)
    row = await phoned.closed(stream.session_id)
    rows = phoned.tables.scan(TableName=phoned.callbacks, ConsistentRead=True)["Items"]
    (waiting,) = [one for one in rows if one["session_id"]["S"].startswith(stream.session_id)]

    assert await heard(line.ear, after=spoke) == "a person will call you back thank you for calling goodbye"
    assert (row.reason, line.marks_echoed) == ("escalated", 1)
    assert waiting["number"] == {"S": CALLER}


async def heard(ear: Listener, *, after: float) -> str:
    said = ear.audio_between(after, ear.sounds[-1].at)
    async with Speech() as engines:
        return await engines.recognise(said.pcm, said.sample_rate, Grammar.ANSWERS)


async def test_a_bridged_stream_works_once(phoned):
    """Who reads the answer document later gets nobody on the line; Twilio would drop a query, so there is none."""
    stream = await phoned.connected("twilio")
    assert not urlsplit(stream.url).query
    async with PhoneLine.open(stream.url, "twilio", parameters=stream.parameters) as line:
        await until(lambda: line.ear.sounds)
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
