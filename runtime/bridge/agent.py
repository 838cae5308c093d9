"""The bridge's way to AgentCore: signed for one session, with the task's own credentials."""

import asyncio
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from runtime.bridge.carrying import CLOSE_SECONDS, FRAME_BYTES, FRAMES_WAITING
from runtime.bridge.errors import AgentUnreachableError
from runtime.door.presign import websocket_url
from runtime.settings.bridge import BridgeSettings

CONNECT_SECONDS = 10.0
"""Longest wait: the agent was woken when the provider's webhook was answered."""


class AgentDoor:
    """Opens connections to agents.

    Args:
        settings: Which runtime.
        credentials: botocore's, of the task's role; they renew themselves.
    """

    def __init__(self, settings: BridgeSettings, credentials: Any) -> None:
        self._settings = settings
        self._credentials = credentials

    async def connect(self, session_id: str) -> ClientConnection:
        """Open a connection to the agent of *session_id*.

        Raises:
            AgentUnreachableError: AgentCore refused or did not answer.
            AgentCoreUnavailableError: There is nothing to sign with.
        """
        # In a thread: credentials that are about to end are renewed over the network.
        url = await asyncio.to_thread(websocket_url, self._settings, session_id, self._credentials)
        try:
            return await connect(
                url,
                open_timeout=CONNECT_SECONDS,
                close_timeout=CLOSE_SECONDS,
                max_size=FRAME_BYTES,
                max_queue=FRAMES_WAITING,
                compression=None,
                ping_interval=None,  # a side that is gone takes no more audio, and there is always audio
                proxy=None,
            )
        except (InvalidHandshake, OSError, TimeoutError) as fault:
            raise AgentUnreachableError(
                f"AgentCore did not let the bridge in to session {session_id} ({_said(fault)}).  If it is a 403, "
                "deploy the bridge again; if it did not answer, the runtime's log says whether the agent runs."
            ) from None


def _said(fault: Exception) -> str:
    return str(fault.response.status_code) if isinstance(fault, InvalidStatus) else type(fault).__name__
