"""Entry point of the function that phone providers call, and the one place where it reads the environment."""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from botocore.config import Config

from runtime.clock import LedgerClock, clock_of
from runtime.door.agentcore import AgentCore
from runtime.door.ledger import Ledger
from runtime.door.pace import Pace
from runtime.door.presign import SERVICE
from runtime.door.refusals import refusal
from runtime.door.share import Share
from runtime.door.telephony.callers import Callers
from runtime.door.telephony.calls import Calls
from runtime.door.telephony.credentials import Credentials
from runtime.door.telephony.phone_door import PhoneDoor
from runtime.door.telephony.phone_sessions import ALL_PHONES, PhoneSessions
from runtime.door.telephony.plivo import Plivo
from runtime.door.telephony.provider import Provider
from runtime.door.telephony.stream_tokens import StreamTokens
from runtime.door.telephony.telnyx import Telnyx
from runtime.door.telephony.twilio import Twilio
from runtime.door.telephony.vonage import Vonage
from runtime.door.telephony.webhook import Webhook
from runtime.errors import HotlineError
from runtime.metrics import MILLISECONDS, MetricWriter
from runtime.settings.door import DoorSettings
from runtime.settings.telephony import TelephonySettings
from turn.clients import Clients

logger = logging.getLogger(__name__)

PROVIDERS: Mapping[str, Provider] = {
    "twilio": Twilio(),
    "vonage": Vonage(),
    "telnyx": Telnyx(),
    "plivo": Plivo(),
}

_PATIENCE = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})

# A microVM of platform V2 starts in 4.35 s at the 99th percentile.  Of those who wait for us Twilio hangs up first
# of those who do not ask again, after 15 s; Vonage asks again after 5 s.
# Sources: "Webhooks connection overrides" (Twilio); "Custom webhook timeouts" (Vonage).
_START_PATIENCE = Config(
    connect_timeout=1, read_timeout=6, retries={"mode": "standard", "total_max_attempts": 2}
)


def handle_telephony(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Serve one request that anybody may have sent."""
    request_id = event["requestContext"]["requestId"]
    try:
        webhook = Webhook.from_event(event, public_url=_phone_settings().public_url)
        # Lambda may have frozen this process for long; DynamoDB has not told it the time yet.
        _clock().hear(event["requestContext"]["timeEpoch"] / MILLISECONDS)
        return _phone_door().answer(webhook).to_response(request_id)
    except Exception as fault:  # noqa: BLE001 - whatever it is, the provider gets an answer and the log no secret
        return refusal(fault, request_id, logger, "Webhook refused")


# Built by the first event of a process and kept for the others; a failure is not kept.
@cache
def _phone_door() -> PhoneDoor:
    door, phone = _door_settings(), _phone_settings()
    return PhoneDoor(
        phone,
        providers=PROVIDERS,
        # A monotonic clock may have stood still while Lambda had frozen this process, and the secret been replaced.
        credentials=Credentials(_client("secretsmanager"), clock=_clock()),
        # A webhook that is dated ahead stays believable for twice as long.
        calls=Calls(_dynamodb(), door.ledger_table, dated_memory_seconds=2 * phone.replay_seconds),
        sessions=_phone_sessions(),
        metrics=MetricWriter(door.stage),
        clock=_clock(),
    )


@cache
def _phone_sessions() -> PhoneSessions:
    door, phone = _door_settings(), _phone_settings()
    client, table = _dynamodb(), door.ledger_table
    return PhoneSessions(
        door,
        phone,
        ledger=Ledger(client, table),
        share=Share(client, table, key=ALL_PHONES, most=phone.phone_concurrency),
        pace=Pace(client, table, what="calls", most=door.sessions_per_caller_and_minute),
        callers=Callers(_client("kms"), phone.caller_key),
        tokens=StreamTokens(client, table),
        agentcore=_agentcore(),
        metrics=MetricWriter(door.stage),
    )


@cache
def _agentcore() -> AgentCore:
    door = _door_settings()
    client = _clients().make(
        SERVICE, region=door.region, url=door.agentcore_url or None, config=_START_PATIENCE
    )
    return AgentCore(door, client, _clients().credentials())


def _clock() -> LedgerClock:
    return clock_of(_dynamodb())


@cache
def _dynamodb() -> Any:
    return _client("dynamodb")


def _client(service: str) -> Any:
    return _clients().make(service, region=_door_settings().region, config=_PATIENCE)


@cache
def _clients() -> Clients:
    return Clients()


@cache
def _door_settings() -> DoorSettings:
    return DoorSettings.from_environment(os.environ)


@cache
def _phone_settings() -> TelephonySettings:
    return TelephonySettings.from_environment(os.environ)


# Made while Lambda starts the process, so that the first caller does not wait: docs/decisions/door-start.md.
with suppress(HotlineError):  # what is wrong with the settings, the first webhook says
    _phone_door()
