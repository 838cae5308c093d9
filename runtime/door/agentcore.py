"""What the door asks of AgentCore: a way into a session, and its end."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runtime.door.errors import AgentCoreUnavailableError
from runtime.door.presign import websocket_url
from runtime.settings import DoorSettings


class AgentCore:
    """The one runtime that this door leads to.

    Args:
        settings: Names the runtime and its endpoint.
        client: boto3's `bedrock-agentcore` client.
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
        except ClientError as fault:
            raise _unavailable(session_id, fault.response["Error"]["Code"]) from fault
        except BotoCoreError as fault:
            raise _unavailable(session_id, type(fault).__name__) from fault


def _unavailable(session_id: str, code: str) -> AgentCoreUnavailableError:
    return AgentCoreUnavailableError(
        f"AgentCore did not stop session {session_id} ({code}).  If it was throttled, try again; if access "
        "was denied, deploy the door again; the session's own limits end it otherwise."
    )
