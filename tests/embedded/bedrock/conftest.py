"""A server with the checks of the real one, and the environment in which the SDK trusts it."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from scripts.embedded.bedrock import BedrockServer
from scripts.embedded.bedrock.credentials import Credentials
from tests.embedded.bedrock.client import ACCESS_KEY_ID, SECRET, TOKEN

type Serve = Callable[..., AbstractAsyncContextManager[BedrockServer]]

KNOWN = {ACCESS_KEY_ID: Credentials(secret_access_key=SECRET, session_token=TOKEN)}


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    @contextlib.asynccontextmanager
    async def start(brain: Any, **options: Any) -> AsyncIterator[BedrockServer]:
        async with BedrockServer(brain, **{"credentials": KNOWN.get, **options}) as server:
            # The SDK's TLS library reads it whenever a client is made.
            monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))
            yield server

    return start
