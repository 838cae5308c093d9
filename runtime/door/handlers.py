"""Entry points of the door's two Lambda functions, and the one place where they read the environment."""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from botocore.config import Config

from runtime.clock import LedgerClock, clock_of
from runtime.door.agentcore import AgentCore
from runtime.door.errors import RouteUnknownError
from runtime.door.guests import Guests
from runtime.door.http import Request, answer
from runtime.door.invites import Invites
from runtime.door.leases import LedgerLeases
from runtime.door.ledger import Ledger
from runtime.door.origins import refuse_foreign_page
from runtime.door.pace import Pace
from runtime.door.presign import SERVICE
from runtime.door.reaper import GRACE_SECONDS, Reaper
from runtime.door.refusals import refusal
from runtime.door.relays import Relays
from runtime.door.routes import ROUTES, Services
from runtime.door.sessions import Sessions
from runtime.door.share import Share
from runtime.door.tokens import Sealer
from runtime.door.webrtc import WebRtc
from runtime.errors import HotlineError, SettingsError
from runtime.metrics import MILLISECONDS, MetricWriter
from runtime.settings.door import DoorSettings
from runtime.settings.guests import INVITE_KEY, GuestSettings
from turn.clients import Clients
from turn.errors import TurnSettingsError
from turn.settings import all_turn_settings_from
from turn.sources import ice_servers_from

logger = logging.getLogger(__name__)

# A caller is waiting: botocore's own patience (a minute, five times) outlasts API Gateway's 30 s.
_PATIENCE = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})

# A microVM of platform V2 starts in 4.35 s at the 99th percentile; twice this stays below API Gateway's 30 s.
_START_PATIENCE = Config(
    connect_timeout=1, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2}
)


def handle_request(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Serve one request that API Gateway has authenticated."""
    request_id = event["requestContext"]["requestId"]
    try:
        return _serve(event, request_id)
    except Exception as fault:  # noqa: BLE001 - whatever it is, the caller gets an answer and the log no secret
        return refusal(fault, request_id, logger, "Request refused")


def handle_schedule(_event: object, _context: object) -> None:
    """Reap once.

    Raises:
        HotlineError: Something was left for the next run; the alarm on this function's errors tells.
    """
    _reaper().run()


def _serve(event: Mapping[str, Any], request_id: str) -> dict[str, Any]:
    route = ROUTES.get(event["routeKey"])
    if route is None:
        raise _route_unknown()
    refuse_foreign_page(event.get("headers") or {}, _settings().allowed_origins.split())
    request = Request.from_event(event, most_bytes=route.most_bytes)
    # Lambda may have frozen this process for long; DynamoDB has not told it the time yet.
    _clock().hear(event["requestContext"]["timeEpoch"] / MILLISECONDS)
    body = route.serve(_SERVICES, request)
    session_id = getattr(body, "session_id", "") or request.session_id
    told = {"request_id": request_id, "route": route.key, "session": session_id}
    logger.info("Request served", extra=told)
    return answer(route.status, body, request_id)


def _route_unknown() -> RouteUnknownError:
    return RouteUnknownError("The door has no such route.  docs/openapi.json lists those that it has.")


# Built by the first event of a process and kept for the others; a failure is not kept.
@cache
def _sessions() -> Sessions:
    settings = _settings()
    return Sessions(
        settings,
        ledger=_ledger(),
        agentcore=_agentcore(),
        reaper=_reaper(),
        relays=_relays(),
        metrics=MetricWriter(settings.stage),
    )


@cache
def _webrtc() -> WebRtc:
    settings = _settings()
    return WebRtc(
        settings,
        sessions=_sessions(),
        agentcore=_agentcore(),
        relays=_relays(),
        metrics=MetricWriter(settings.stage),
        clock=_clock(),
    )


@cache
def _pace() -> Pace:
    settings = _settings()
    most = settings.sessions_per_caller_and_minute
    return Pace(_dynamodb(), settings.ledger_table, what="sessions", most=most)


@cache
def _guests() -> Guests:
    if INVITE_KEY not in os.environ:
        raise _route_unknown()
    door, settings = _settings(), GuestSettings.from_environment(os.environ)
    client, table = _dynamodb(), door.ledger_table
    return Guests(
        door,
        settings,
        invites=Invites(client, table),
        pace=Pace(client, table, what="invites", most=settings.invites_per_minute),
        share=lambda key, most: Share(client, table, key=key, most=most),
        sealer=Sealer(_client("kms"), settings.invite_key),
        sessions=_sessions(),
        metrics=MetricWriter(settings.stage),
        clock=_clock(),
    )


@cache
def _relays() -> Relays:
    settings = _settings()
    leases = None
    if settings.allocations_per_call:
        leases = LedgerLeases(
            _dynamodb(), settings.ledger_table, call_allocations=settings.allocations_per_call
        )
    try:
        first, *fallback = all_turn_settings_from(os.environ)
        source = ice_servers_from(first, fallback=fallback, leases=leases, clients=_clients())
    except TurnSettingsError as fault:
        raise SettingsError(str(fault)) from fault
    # Whoever joins in the last second must still reach a relay when the reaper has given up waiting.
    return Relays(source, lifetime_seconds=settings.join_seconds + GRACE_SECONDS)


@cache
def _reaper() -> Reaper:
    settings = _settings()
    return Reaper(settings, ledger=_ledger(), agentcore=_agentcore(), metrics=MetricWriter(settings.stage))


@cache
def _ledger() -> Ledger:
    return Ledger(_dynamodb(), _settings().ledger_table)


def _clock() -> LedgerClock:
    return clock_of(_dynamodb())


@cache
def _dynamodb() -> Any:
    return _client("dynamodb")


@cache
def _agentcore() -> AgentCore:
    settings = _settings()
    client = _clients().make(
        SERVICE, region=settings.region, url=settings.agentcore_url or None, config=_START_PATIENCE
    )
    return AgentCore(settings, client, _clients().credentials())


def _client(service: str) -> Any:
    return _clients().make(service, region=_settings().region, config=_PATIENCE)


@cache
def _clients() -> Clients:
    return Clients()


@cache
def _settings() -> DoorSettings:
    return DoorSettings.from_environment(os.environ)


_SERVICES = Services(sessions=_sessions, webrtc=_webrtc, pace=_pace, guests=_guests)


# Made while Lambda starts the process, so that the first caller does not wait: docs/decisions/door-start.md.
with suppress(HotlineError):  # what is wrong with the settings, the first event says
    _ledger()
    _agentcore()
