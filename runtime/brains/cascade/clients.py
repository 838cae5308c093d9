"""The cascade's way to AWS: one session for all three services, and clients that last as long as the call."""

import asyncio
import ssl
from contextlib import AsyncExitStack
from typing import Any, Self

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.credentials import ReadOnlyCredentials

from runtime.cloud import asking_for_credentials, load_service_data, offered
from runtime.settings.agent import RuntimeSettings

BEDROCK, POLLY = "bedrock-runtime", "polly"

CONNECT_SECONDS = 2.0
SILENT_SECONDS = 4.0
"""Longest wait for the next piece of an answer: a caller who hears nothing for longer hangs up."""

ATTEMPTS = 3
"""Of one request: what is throttled or cut off is asked again, with botocore's back-off between."""


class Clients:
    """Clients of Bedrock and Polly, made when a call first asks and shared by all its requests.

    Pipecat makes a client for each answer and each sentence: it reads the service's model from disk on the event
    loop and shakes hands anew, while the caller waits.  And it takes keys out of the environment once and for all;
    the session here asks the role, and asks it again before its keys end.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._open = AsyncExitStack()
        self._clients: dict[str, Any] = {}
        self._one_at_a_time = asyncio.Lock()
        self._made: AioSession | None = None

    async def client(self, service: str) -> Any:
        """Return the client of *service*."""
        async with self._one_at_a_time:
            if service not in self._clients:
                self._clients[service] = await self._open.enter_async_context(self._create(service))
            return self._clients[service]

    async def credentials(self) -> ReadOnlyCredentials:
        """Return the role's credentials as they are now.

        Raises:
            CredentialsError: No source of credentials has any.
        """
        with asking_for_credentials():
            known = await self._session().get_credentials()
            frozen = await known.get_frozen_credentials() if known else None
        return offered(frozen)

    async def close(self) -> None:
        """Close the connections; a request under way fails."""
        async with self._one_at_a_time:
            self._clients.clear()
            await self._open.aclose()

    def _session(self) -> AioSession:
        if self._made is None:
            self._made = AioSession()
            self._made.register_component("data_loader", load_service_data())
            self._made.set_config_variable("region", self._settings.region)
        return self._made

    def _create(self, service: str) -> Any:
        # botocore brings its own authorities; those of an embedded cloud are where OpenSSL looks.
        trusted = ssl.get_default_verify_paths().cafile if self._settings.bedrock_url else None
        return self._session().create_client(
            service,
            endpoint_url=self._settings.bedrock_url or None,
            verify=trusted,
            config=AioConfig(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=SILENT_SECONDS,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            ),
        )


class Conversing:
    """What Pipecat takes for a client of Bedrock: one request, whose answer is let go of when nobody wants it any more.

    Attributes:
        asked_characters: Length of the request, once Bedrock has taken it.
        fault: Why the answer was not had, or not to its end.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._answer: Any = None
        self.asked_characters = 0
        self.fault: BaseException | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _kind: object, fault: BaseException | None, _trace: object) -> None:
        self.fault = fault
        if self._answer is not None:
            self._answer.close()  # else the connection of an answer that was interrupted stays open

    async def converse_stream(self, **request: Any) -> dict[str, Any]:
        """Ask the model."""
        client = await self._clients.client(BEDROCK)
        response: dict[str, Any] = await client.converse_stream(**request)
        self._answer = response["stream"]
        self.asked_characters = len(str([request.get(part) for part in ("messages", "system", "toolConfig")]))
        return response
