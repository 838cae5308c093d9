"""The agent's way to AWS: one session and one client, made when the first call needs them.

Nothing here may be built while the agent starts: a snapshot would hand the same client, with the same
soon expired credentials, to every session that is restored from it.
"""

import threading
from functools import cached_property
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError

from runtime.errors import CredentialsError
from runtime.settings import RuntimeSettings

CONNECT_SECONDS = 2
READ_SECONDS = 3
ATTEMPTS = 2
"""A caller waits for a tool, so what does not answer within this is not worth waiting for."""


class Cloud:
    """Clients and credentials, for use from threads; nothing here belongs on an event loop."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()

    def dynamodb(self) -> Any:
        """Return a DynamoDB client, which threads may share; boto3 would make the same one, and 40 modules."""
        with self._lock:
            return self._dynamodb

    def credentials(self) -> ReadOnlyCredentials:
        """Return the role's credentials as they are now, renewed if they end within ten minutes.

        Raises:
            CredentialsError: No source of credentials has any.
        """
        try:
            known = self._session.get_credentials()
            frozen: ReadOnlyCredentials | None = known.get_frozen_credentials() if known else None
        except BotoCoreError as fault:
            raise CredentialsError(
                f"The role's credentials cannot be had: {type(fault).__name__}."
            ) from fault
        if frozen is None:
            raise CredentialsError("No AWS credentials: neither the role nor the environment offers any.")
        return frozen

    @cached_property
    def _session(self) -> Any:
        session = botocore.session.get_session()
        session.set_config_variable("region", self._settings.region)
        return session

    @cached_property
    def _dynamodb(self) -> Any:
        return self._session.create_client(
            "dynamodb",
            endpoint_url=self._settings.services_url or None,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            ),
        )
