"""A secret that lives in Secrets Manager and is never written down here."""

import asyncio
import logging
import threading
from typing import Any, Protocol

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from turn.clients import Clients
from turn.errors import RelaysRefusedError, RelaysUnreachableError

FRESH_SECONDS = 300
"""After a rotation credentials are derived from the old secret for this long at most."""

_REGION = 3
"""Where an ARN says its Region."""

_QUICK = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 2})


class SecretText(Protocol):
    """Something that knows a secret."""

    async def read(self) -> str:
        """Return the secret's text.

        Raises:
            TurnError: It cannot be had; the message says why.
        """


class Secret:
    """The text of one secret, fetched once and again when it is no longer fresh.

    Args:
        arn: Complete ARN of the secret.
        services_url: Where AWS answers when it is not AWS.
        clients: Makes the client; by default nobody else's.
    """

    def __init__(self, arn: str, *, services_url: str | None = None, clients: Clients | None = None) -> None:
        self._arn = arn
        self._services_url = services_url
        self._lock = threading.Lock()
        self._clients = clients or Clients()
        self._client: Any = None
        self._text: str | None = None
        self._fetched_at = 0.0

    def __repr__(self) -> str:
        return f"Secret({self._arn!r})"

    async def read(self) -> str:
        """Return the secret's text.

        Raises:
            RelaysRefusedError: It may not be read, or does not exist.
            RelaysUnreachableError: Secrets Manager did not answer, and there is no earlier text.
        """
        now = asyncio.get_running_loop().time()
        if self._text is not None and now < self._fetched_at + FRESH_SECONDS:
            return self._text
        return await asyncio.to_thread(self._refresh, now)

    def _refresh(self, now: float) -> str:
        with self._lock:
            if self._text is None or now >= self._fetched_at + FRESH_SECONDS:  # nobody was faster
                self._text = self._fetch()
                self._fetched_at = now
            return self._text

    def _fetch(self) -> str:
        try:
            answer = self._connected().get_secret_value(SecretId=self._arn)
        except ClientError as refused:
            code = refused.response["Error"]["Code"]
            raise RelaysRefusedError(
                f"Secrets Manager answers {code} for {self._arn}, so no relay credentials can be issued.  "
                "Check that the secret exists and holds a value, and that this role may "
                "secretsmanager:GetSecretValue on it; deploying the stacks grants it."
            ) from refused
        except BotoCoreError as silent:
            if self._text is None:
                raise RelaysUnreachableError(
                    f"Secrets Manager cannot be reached ({type(silent).__name__}), so no relay credentials "
                    "can be issued.  Check the way out of the subnet: NAT gateway or endpoint."
                ) from silent
            logging.getLogger(__name__).warning("secret_not_refreshed", extra={"why": type(silent).__name__})
            return self._text
        return str(answer["SecretString"])

    def _connected(self) -> Any:
        if self._client is None:
            self._client = self._clients.make(
                "secretsmanager",
                region=self._arn.split(":")[_REGION],
                url=self._services_url,
                config=_QUICK,
            )
        return self._client
