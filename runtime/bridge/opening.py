"""The first words of a provider's stream: read within bounds, and believed only with a ticket."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from runtime.bridge.errors import StreamRefusedError
from runtime.door.telephony.stream_tokens import SESSION, TOKEN

BEGIN_SECONDS = 5.0
"""Longest wait for a stream to say whose it is: Twilio does with its first two messages."""

OPENING_BYTES = 8 * 1024
"""Largest of those; all parameters of a stream together have 500 characters at Twilio."""

OPENING_MESSAGES = 2
"""`connected`, which says nothing, and `start`."""


class Tickets(Protocol):
    """Who knows whether a ticket is good."""

    def redeem(self, session_id: str, token: str) -> bool:
        """Say whether *token* opens *session_id*; it does so once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a stream began with."""

    session_id: str
    token: str = field(repr=False)
    messages: tuple[str, ...] = field(repr=False)
    """For the agent: as they came, but for the ticket."""


async def read_opening(provider: ServerConnection) -> Opening:
    """Wait for the message that says whose stream this is.

    Raises:
        StreamRefusedError: It says something else, too much, or nothing in time.
    """
    passed_on: list[str] = []
    try:
        async with asyncio.timeout(BEGIN_SECONDS):
            for _ in range(OPENING_MESSAGES):
                event = _event(await provider.recv())
                if event.get("event") == "start":
                    return _begun(event, passed_on)
                if event.get("event") != "connected":
                    break
                passed_on.append(json.dumps(event))
    except TimeoutError:
        raise StreamRefusedError("A stream did not say in time whose it is.") from None
    except ConnectionClosed:
        raise StreamRefusedError("A stream ended before it said whose it is.") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise StreamRefusedError("A stream began with something that is no stream of a phone call.") from None
    raise StreamRefusedError("A stream began with something else than its start.")


async def admit(opening: Opening, tickets: Tickets) -> None:
    """Redeem the stream's ticket.

    Raises:
        StreamRefusedError: It is not good.
        LedgerUnavailableError: DynamoDB refused or did not answer.
    """
    if not await asyncio.to_thread(tickets.redeem, opening.session_id, opening.token):
        raise StreamRefusedError("A stream's ticket is unknown, used, or too old.")


def _begun(event: dict[str, Any], passed_on: list[str]) -> Opening:
    parameters = dict(event["start"]["customParameters"])
    session_id, token = parameters.pop(SESSION), parameters.pop(TOKEN)
    if not (isinstance(session_id, str) and isinstance(token, str) and session_id and token):
        raise ValueError("no ticket")
    told = {**event, "start": {**event["start"], "customParameters": parameters}}
    return Opening(session_id=session_id, token=token, messages=(*passed_on, json.dumps(told)))


def _event(message: str | bytes) -> dict[str, Any]:
    if isinstance(message, bytes) or len(message) > OPENING_BYTES:
        raise ValueError("not a short text")
    event = json.loads(message)
    if not isinstance(event, dict):
        raise TypeError("not an object")
    return event
