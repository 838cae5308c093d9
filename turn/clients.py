"""Clients of AWS for programs that start while a caller waits: one session of botocore's makes them all.

boto3's clients are botocore's.  What boto3 has besides, nobody here uses, and it would have to be imported; and a
session reads what botocore knows about AWS once, however many clients it makes.
"""

import threading
from collections.abc import Container
from functools import cache, cached_property
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.loaders import Loader


class Clients:
    """Makes clients, whichever thread asks; whoever gets one keeps it."""

    def __init__(self) -> None:
        # A session must not make clients in two threads at once.
        self._lock = threading.Lock()

    def make(self, service: str, *, region: str, config: Config, url: str | None = None) -> Any:
        """Return a new client of *service*, which threads may share.

        Args:
            service: As botocore calls it.
            region: Where it is.
            config: How patient it is.
            url: Where it answers, when that is neither AWS nor what `AWS_ENDPOINT_URL` says.
        """
        with self._lock:
            return self._session.create_client(service, region_name=region, endpoint_url=url, config=config)

    def credentials(self) -> Any:
        """Return botocore's credentials, which renew themselves; none where there are none."""
        with self._lock:
            return self._session.get_credentials()

    @cached_property
    def _session(self) -> Any:
        session = botocore.session.get_session()
        session.register_component("data_loader", _loader())
        return session


@cache
def _loader() -> Loader:
    """Read what AWS is once for a process: data, with nothing live in it."""
    return _DirectLoader()


class _DirectLoader(Loader):
    """Opens the file of a service without looking first which of four hundred services there are.

    botocore looks at 2,600 paths for that; a service that it does not know it misses all the same, one step later.
    """

    def list_available_services(self, type_name: str) -> Any:  # noqa: ARG002 - every type has a file or has none
        return _Everything()


class _Everything(Container[object]):
    def __contains__(self, _item: object) -> bool:
        return True
