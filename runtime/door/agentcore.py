"""What the door asks of AgentCore: a way into a session, words with its agent, and its end."""

import json
import re
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runtime.door.errors import AgentCoreUnavailableError, AgentRefusedError
from runtime.door.presign import websocket_url
from runtime.settings.door import DoorSettings

MAX_ANSWER_BYTES = 64 * 1024
"""Twice the longest session description; nothing that an agent answers is longer."""

_AGENT_ERROR = "RuntimeClientError"
# All that AgentCore tells of an agent's own error, and only in words.
_AGENT_STATUS = re.compile(r"Received error \((\d{3})\)")


class AgentCore:
    """The one runtime that this door leads to.

    Args:
        settings: Names the runtime and its endpoint.
        client: botocore's `bedrock-agentcore` client, which waits as long as a microVM needs to start.
        credentials: botocore's; they sign the way in and may refresh themselves.
    """

    def __init__(self, settings: DoorSettings, client: Any, credentials: Any) -> None:
        self._settings = settings
        self._client = client
        self._credentials = credentials

    def way_in(self, session_id: str) -> str:
        """Return the pre-signed URL that joins *session_id*; signing asks nobody.

        Raises:
            AgentCoreUnavailableError: There is no runtime or no credential to sign with.
        """
        return websocket_url(self._settings, session_id, self._credentials)

    def ask(self, session_id: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Put *request* to the session's agent, whose microVM starts if it is not up; return its answer.

        A request whose answer is late is put a second time, so it must be one that may arrive twice.

        Raises:
            AgentRefusedError: The agent would not; the message names the action, never what came with it.
            AgentCoreUnavailableError: AgentCore refused or did not answer, or the agent answered nonsense.
        """
        action = request["action"]
        try:
            answer = self._client.invoke_agent_runtime(
                agentRuntimeArn=self._settings.runtime_arn,
                qualifier=self._settings.endpoint_name,
                runtimeSessionId=session_id,
                contentType="application/json",
                accept="application/json",
                payload=json.dumps(request).encode(),
            )
            with closing(answer["response"]) as body:
                text = body.read(MAX_ANSWER_BYTES)
        except (ClientError, BotoCoreError) as fault:
            raise _not_asked(session_id, action, fault) from fault
        return _parsed(text, session_id, action)

    def stop(self, session_id: str) -> None:
        """Stop the session's microVM; one that runs no more is stopped already.

        Raises:
            AgentCoreUnavailableError: AgentCore refused or did not answer.
        """
        try:
            self._client.stop_runtime_session(
                runtimeSessionId=session_id,
                agentRuntimeArn=self._settings.runtime_arn,
                qualifier=self._settings.endpoint_name,
            )
        except self._client.exceptions.ResourceNotFoundException:
            return
        except (ClientError, BotoCoreError) as fault:
            raise AgentCoreUnavailableError(
                f"AgentCore did not stop session {session_id} ({_code(fault)}).  If it was throttled, try "
                "again; if access was denied, deploy the door again; the session's own limits end it otherwise."
            ) from fault


def _not_asked(session_id: str, action: str, fault: ClientError | BotoCoreError) -> AgentCoreUnavailableError:
    said = _AGENT_STATUS.search(str(fault)) if _code(fault) == _AGENT_ERROR else None
    if said:
        return AgentRefusedError(
            f"The agent of session {session_id} answered {said[1]} to {action!r}.  Its log says why.",
            status=int(said[1]),
        )
    return AgentCoreUnavailableError(
        f"AgentCore did not bring {action!r} to session {session_id} ({_code(fault)}).  If it was throttled, "
        "try again; if access was denied, deploy the door again; if the agent does not start, its log says why."
    )


def _parsed(text: bytes, session_id: str, action: str) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise AgentCoreUnavailableError(
            f"The agent of session {session_id} answered {action!r} with something that is no JSON object.  "
            "Deploy the runtime and the door from the same version."
        )
    return answer


def _code(fault: ClientError | BotoCoreError) -> str:
    if isinstance(fault, ClientError):
        return str(fault.response["Error"]["Code"])
    return type(fault).__name__
