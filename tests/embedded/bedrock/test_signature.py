"""The chain of event signatures, with the SDK's own signer on the other end."""

import dataclasses

import pytest
from aws_sdk_signers import AsyncEventSigner
from smithy_aws_core.identity import AWSCredentialsIdentity
from smithy_aws_event_stream._private.serializers import EventHeaderEncoder
from smithy_aws_event_stream.events import EventMessage

from scripts.embedded.bedrock.credentials import Credentials
from scripts.embedded.bedrock.eventstream import Decoder
from scripts.embedded.bedrock.refusal import Refusal
from scripts.embedded.bedrock.signature import Claim, EventChain

CLAIM = Claim("AKIDTEST", "20261121", "us-east-1", ("host",), "ab" * 32)
CREDENTIALS = Credentials(secret_access_key="test-secret")


@pytest.fixture
async def signed():
    """Return three signed frames as the server decodes them."""
    signer = AsyncEventSigner(
        initial_signature=CLAIM.signature.encode(), event_encoder_cls=EventHeaderEncoder
    )
    identity = AWSCredentialsIdentity(access_key_id="AKIDTEST", secret_access_key="test-secret")
    properties = {"region": "us-east-1", "service": "bedrock"}
    messages = []
    for number in range(3):
        event = EventMessage(headers={":event-type": "chunk"}, payload=str(number).encode())
        done = await signer.sign(event=event, identity=identity, properties=properties)
        messages += Decoder().feed(done.encode())
    return messages


async def test_events_in_their_order_are_accepted(signed):
    """This is what the SDK sends."""
    chain = EventChain(CLAIM, CREDENTIALS)
    for message in signed:
        chain.verify(message)


@pytest.mark.parametrize("order", [(1,), (0, 2), (0, 0), (0, 1, 1)], ids=str)
async def test_a_missing_repeated_or_reordered_event_is_refused(signed, order):
    """Each signature covers the one before it."""
    chain = EventChain(CLAIM, CREDENTIALS)

    *good, bad = order
    for index in good:
        chain.verify(signed[index])
    with pytest.raises(Refusal, match="does not match"):
        chain.verify(signed[bad])


async def test_a_changed_payload_is_refused(signed):
    """Nobody alters what the caller said."""
    changed = dataclasses.replace(signed[0], payload=signed[0].payload + b"x")

    with pytest.raises(Refusal, match="does not match"):
        EventChain(CLAIM, CREDENTIALS).verify(changed)


@pytest.mark.parametrize("dropped", [":date", ":chunk-signature"])
async def test_an_unsigned_event_is_refused(signed, dropped):
    """A signed stream stays signed."""
    headers = {name: value for name, value in signed[0].headers.items() if name != dropped}

    with pytest.raises(Refusal):
        EventChain(CLAIM, CREDENTIALS).verify(dataclasses.replace(signed[0], headers=headers))
