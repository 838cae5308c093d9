"""Entry point of the function that API Gateway asks whether a guest may pass, and all that it does.

It reads one token and says yes or no: it knows one key, which it may only compare with, and no table,
no agent and no relay.  What the invite still is worth, the door itself finds out when it opens the session.

Source: "Control access to HTTP APIs with AWS Lambda authorizers", payload format 2.0, simple responses.
"""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final

from botocore.config import Config

from runtime.door.errors import TokenRefusedError
from runtime.door.tokens import Kind, Token, Verifier
from runtime.errors import HotlineError
from runtime.settings.guests import GuestGateSettings
from turn.clients import Clients

logger = logging.getLogger(__name__)

REDEEMING: Final = "POST /guest/sessions"
"""The one route that an invite opens; every other below it is a guest token's."""

_SCHEME: Final = "bearer "

# A caller waits, and API Gateway gives an authorizer 10 s.
_PATIENCE = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})


def handle_authorization(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Say whether the bearer of the token may pass, and as whom.

    Raises:
        HotlineError: The token could not be judged; API Gateway answers 500, and nobody passes.
    """
    told = {"request_id": event["requestContext"]["requestId"], "route": event["routeKey"]}
    try:
        token = _verifier().read(_bearer(event))
        _check_purpose(token, event["routeKey"], (event.get("pathParameters") or {}).get("id", ""))
    except TokenRefusedError as refusal:
        logger.info("Guest refused", extra={**told, "detail": str(refusal)})
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": {"invite": token.invite_id, "session": token.session_id}}


def _bearer(event: Mapping[str, Any]) -> str:
    said: str = (event.get("headers") or {}).get("authorization", "")
    if not said.lower().startswith(_SCHEME):
        raise TokenRefusedError("it is no bearer's")
    return said[len(_SCHEME) :].strip()


def _check_purpose(token: Token, route: str, session_id: str) -> None:
    wanted = Kind.INVITE if route == REDEEMING else Kind.GUEST
    if token.kind is not wanted:
        raise TokenRefusedError(f"the route takes no token of kind {token.kind}")
    if token.session_id != session_id:
        raise TokenRefusedError("it is for another session")


# Built by the first event of a process and kept for the others; a failure is not kept.
@cache
def _verifier() -> Verifier:
    settings = GuestGateSettings.from_environment(os.environ)
    client = Clients().make("kms", region=settings.region, config=_PATIENCE)
    return Verifier(client, settings.invite_key, stage=settings.stage)


# Made while Lambda starts the process, so that the first guest does not wait: docs/decisions/door-start.md.
with suppress(HotlineError):  # what is wrong with the settings, the first event says
    _verifier()
