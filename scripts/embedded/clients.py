"""boto3 clients of the embedded cloud, which take nothing from the environment of whoever makes them."""

import functools
import os
from typing import Any

import boto3.session
import botocore.loaders
import botocore.session
from botocore.config import Config

# A server on this machine answers at once or is broken: retries would only hide that.
_ONE_TRY = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)


# Neither a profile nor a file of the user's: AWS_PROFILE may name one that is not there, or that has
# endpoints of its own.  A variable is (name in the file, name in the environment, default, conversion).
_NOTHING_OF_THE_USERS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def make_session(
    *, region: str, access_key: str, secret: str, session_token: str | None = None
) -> boto3.session.Session:
    """Return a session with the given keys."""
    core = botocore.session.Session(session_vars=_NOTHING_OF_THE_USERS)
    core.register_component("data_loader", _service_models())
    return boto3.session.Session(
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        aws_session_token=session_token,
        region_name=region,
        botocore_session=core,
    )


def make_client(
    service: str, *, url: str, region: str, access_key: str, secret: str, session_token: str | None = None
) -> Any:
    """Return a client of *service* that talks to *url* with the given keys."""
    session: Any = make_session(
        region=region, access_key=access_key, secret=secret, session_token=session_token
    )
    return session.client(service, endpoint_url=url, config=_ONE_TRY)


@functools.cache
def _service_models() -> Any:
    """One loader for all clients: reading a service's model takes a tenth of a second."""
    return botocore.loaders.create_loader()
