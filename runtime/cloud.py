"""The agent's way to AWS: one session and its clients, each made when the first call needs it.

Nothing here may be built while the agent starts: a snapshot would hand the same clients, with the same
soon expired credentials, to every session that is restored from it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError
from botocore.loaders import JSONFileLoader, Loader

from runtime.errors import CredentialsError
from runtime.settings.agent import RuntimeSettings

EVERY_CALLS = "dynamodb"
"""What every call needs; whatever else one needs is read when it does."""

SERVICES = (EVERY_CALLS, "secretsmanager", "sns", "bedrock-runtime", "polly")
"""What a call may need."""

CONNECT_SECONDS = 2
READ_SECONDS = 3
ATTEMPTS = 2
"""A caller waits for a tool, so what does not answer within this is not worth waiting for."""


@cache
def load_service_data() -> Loader:
    """Read what botocore knows about DynamoDB: data only, so the snapshot may hold it.

    It saves each session 60 ms of its first moments, and 6 MB that the other services would take.
    """
    loader = Loader(file_loader=_AgentsData())
    loader.load_data("endpoints")
    _load(loader, EVERY_CALLS)
    return loader


def load_more_service_data(*services: str) -> None:
    """Read what botocore knows about *services*, which not every call needs, at the same time and place."""
    for service in services:
        _load(load_service_data(), service)


def _load(loader: Loader, service: str) -> None:
    for kind in ("service-2", "endpoint-rule-set-1"):
        loader.load_service_model(service, kind)


class _AgentsData(JSONFileLoader):
    def load_file(self, file_path: str) -> Any:
        data = super().load_file(file_path)
        if data and Path(file_path).name == "endpoints":
            for partition in data["partitions"]:
                known = partition["services"]
                partition["services"] = {name: known[name] for name in SERVICES if name in known}
        return data


@contextmanager
def asking_for_credentials() -> Iterator[None]:
    """Say of whatever goes wrong in the block that there are no credentials.

    Raises:
        CredentialsError: Their source does not answer, or not as it should.
    """
    try:
        yield
    except BotoCoreError as fault:
        raise CredentialsError(f"The role's credentials cannot be had: {type(fault).__name__}.") from fault


def offered(credentials: ReadOnlyCredentials | None) -> ReadOnlyCredentials:
    """Return *credentials*.

    Raises:
        CredentialsError: No source has any.
    """
    if credentials is None:
        raise CredentialsError("No AWS credentials: neither the role nor the environment offers any.")
    return credentials


class Cloud:
    """Clients and credentials, for use from threads; nothing here belongs on an event loop."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    def dynamodb(self) -> Any:
        """Return a DynamoDB client, which threads may share; boto3 would make the same one, and 40 modules."""
        return self.client(EVERY_CALLS)

    def client(self, service: str) -> Any:
        """Return a client of one of `SERVICES`, which threads may share."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._create_client(service)
            return self._clients[service]

    def credentials(self) -> ReadOnlyCredentials:
        """Return the role's credentials as they are now, renewed if they end within ten minutes.

        Raises:
            CredentialsError: No source of credentials has any.
        """
        with asking_for_credentials():
            known = self._session.get_credentials()
            frozen = known.get_frozen_credentials() if known else None
        return offered(frozen)

    @cached_property
    def _session(self) -> Any:
        session = botocore.session.get_session()
        session.register_component("data_loader", load_service_data())
        session.set_config_variable("region", self._settings.region)
        return session

    def _create_client(self, service: str) -> Any:
        return self._session.create_client(
            service,
            endpoint_url=self._settings.services_url or None,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            ),
        )
