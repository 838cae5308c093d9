"""Entry points of the door's two Lambda functions, and the one place where they read the environment."""

import logging
import os
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import boto3
from botocore.config import Config

from runtime.door.agentcore import AgentCore
from runtime.door.errors import RouteUnknownError
from runtime.door.http import Request, answer, problem
from runtime.door.ledger import Ledger
from runtime.door.presign import SERVICE
from runtime.door.reaper import Reaper
from runtime.door.sessions import Sessions
from runtime.errors import HotlineError
from runtime.metrics import MetricWriter
from runtime.settings import DoorSettings

logger = logging.getLogger(__name__)

# A caller is waiting: botocore's own patience (a minute, five times) outlasts API Gateway's 30 s.
_PATIENCE = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})


def handle_request(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Serve one request that API Gateway has authenticated."""
    request_id = event["requestContext"]["requestId"]
    try:
        status, body = _serve(Request.from_event(event))
    except HotlineError as fault:
        response = problem(fault, request_id)
        # The message of our own errors holds neither identities nor ways in.
        told = {"request_id": request_id, "fault": type(fault).__name__, "detail": str(fault)}
        level = logging.ERROR if response["statusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
        logger.log(level, "Request refused", extra=told)
        return response
    told = {"request_id": request_id, "route": event["routeKey"], "session": body["session_id"]}
    logger.info("Request served", extra=told)
    return answer(status, body, request_id)


def handle_schedule(_event: object, _context: object) -> None:
    """Reap once.

    Raises:
        HotlineError: Something was left for the next run; the alarm on this function's errors tells.
    """
    _reaper().run()


def _serve(request: Request) -> tuple[HTTPStatus, dict[str, Any]]:
    match request.route:
        case "POST /sessions":
            transport = request.transport()
            return HTTPStatus.CREATED, _sessions().open(request.owner, transport)
        case "GET /sessions/{id}":
            return HTTPStatus.OK, _sessions().show(request.owner, request.session_id)
        case "DELETE /sessions/{id}":
            return HTTPStatus.OK, _sessions().end(request.owner, request.session_id)
        case _:
            raise RouteUnknownError("The door serves POST /sessions, GET and DELETE /sessions/{id}.")


# Built by the first event of a process and kept for the others; a failure is not kept.
@cache
def _sessions() -> Sessions:
    settings = _settings()
    return Sessions(
        settings,
        ledger=_ledger(),
        agentcore=_agentcore(),
        reaper=_reaper(),
        metrics=MetricWriter(settings.stage),
    )


@cache
def _reaper() -> Reaper:
    settings = _settings()
    return Reaper(settings, ledger=_ledger(), agentcore=_agentcore(), metrics=MetricWriter(settings.stage))


@cache
def _ledger() -> Ledger:
    return Ledger(_session().client("dynamodb", config=_PATIENCE), _settings().ledger_table)


@cache
def _agentcore() -> AgentCore:
    settings = _settings()
    client = _session().client(SERVICE, endpoint_url=settings.agentcore_url or None, config=_PATIENCE)
    return AgentCore(settings, client, _session().get_credentials())


@cache
def _session() -> boto3.Session:
    return boto3.Session(region_name=_settings().region)


@cache
def _settings() -> DoorSettings:
    return DoorSettings.from_environment(os.environ)
