"""The way into one session: a WebSocket URL that AgentCore lets in for a minute, and nothing else.

The session id is part of what is signed, so a URL opens the one session it was made for.  Whoever
holds it is let in: it goes to the caller and into no log.

Source: "Get started with bidirectional streaming using WebSocket", Amazon Bedrock AgentCore Developer
Guide, and `generate_presigned_url` of the bedrock-agentcore SDK 1.25, whose URLs these are.
"""

import re
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError

from runtime.door.errors import AgentCoreUnavailableError

SERVICE: Final = "bedrock-agentcore"
SESSION_ID = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"

_RUNTIME_ARN = re.compile(r"arn:aws[a-z-]*:bedrock-agentcore:[a-z0-9-]+:\d{12}:runtime/[A-Za-z0-9_-]+")


class Address(Protocol):
    """Where a runtime answers, and for how long a way in is good: settings of whoever signs one."""

    @property
    def region(self) -> str:
        """Part of the signature."""

    @property
    def runtime_arn(self) -> str:
        """Which runtime."""

    @property
    def endpoint_name(self) -> str:
        """AgentCore endpoint (its `qualifier`)."""

    @property
    def join_seconds(self) -> int:
        """Life of the URL."""

    @property
    def agentcore_url(self) -> str:
        """Where AgentCore answers; empty on AWS."""


def websocket_url(settings: Address, session_id: str, credentials: Any) -> str:
    """Return the URL that joins *session_id* for the next `join_seconds`.

    Args:
        settings: Names the runtime, its endpoint and where AgentCore answers.
        session_id: 33 to 256 characters, as AgentCore wants it.
        credentials: botocore's, of a principal that may invoke the runtime's WebSocket stream.

    Raises:
        AgentCoreUnavailableError: The settings name no runtime, or there are no credentials.
    """
    if not _RUNTIME_ARN.fullmatch(settings.runtime_arn):
        raise AgentCoreUnavailableError(
            f"HOTLINE_RUNTIME_ARN is {settings.runtime_arn!r}, which is not the ARN of an AgentCore runtime, "
            "so there is no way into a session.  Deploy the door again."
        )
    keys = _frozen(credentials)
    query = urlencode({"qualifier": settings.endpoint_name, SESSION_ID: session_id})
    path = f"/runtimes/{quote(settings.runtime_arn, safe='')}/ws"
    request = AWSRequest(method="GET", url=f"{_base_url(settings)}{path}?{query}")
    signer = SigV4QueryAuth(keys, SERVICE, settings.region, expires=settings.join_seconds)
    signer.add_auth(request)
    # https becomes wss, http becomes ws: the scheme is not part of what is signed.
    return "ws" + str(request.url).removeprefix("http")


def _frozen(credentials: Any) -> Any:
    """Return the credentials as they are now, renewed if they end soon."""
    why = "none"
    try:
        keys = credentials.get_frozen_credentials() if credentials else None
    except BotoCoreError as fault:
        keys, why = None, type(fault).__name__
    if keys is None:
        raise AgentCoreUnavailableError(
            f"There are no AWS credentials to sign a way in with ({why}).  Check the role of whoever signs."
        )
    return keys


def _base_url(settings: Address) -> str:
    return settings.agentcore_url or f"https://{SERVICE}.{settings.region}.amazonaws.com"
