"""The local Bedrock: a TLS listener on loopback that any number of streams may dial."""

import asyncio
import contextlib
import ssl
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.embedded.address import HOST, REGION
from scripts.embedded.bedrock.brain import Brain
from scripts.embedded.bedrock.credentials import CredentialsLookup
from scripts.embedded.bedrock.faults import Faults
from scripts.embedded.bedrock.http2 import Connection
from scripts.embedded.bedrock.limits import Limits
from scripts.embedded.bedrock.session import Session
from scripts.embedded.bedrock.stream import Streams
from scripts.embedded.cascade.app import CascadeServices
from scripts.embedded.cascade.front import Front, OlderHttp, offer
from scripts.embedded.certificates import make_certificates


class BedrockServer:
    """Serves Nova Sonic's wire protocol while it is entered.

    A client reaches it with `endpoint_uri=server.url` and `SSL_CERT_FILE=server.ca_file` in the
    environment of its process.
    """

    def __init__(
        self,
        brain: Brain,
        *,
        port: int = 0,
        faults: Faults | None = None,
        limits: Limits | None = None,
        credentials: CredentialsLookup | None = None,
        endpointing_seconds: float | None = None,
        certificates_folder: Path | None = None,
    ) -> None:
        self.port = port
        self.faults = faults or Faults()
        self._streams = Streams(
            brain=brain,
            faults=self.faults,
            limits=limits or Limits(),
            lookup=credentials,
            endpointing_seconds=endpointing_seconds,
        )
        self.cascade = CascadeServices(
            brain=brain,
            faults=self.faults,
            lookup=credentials,
            region=REGION,
            pause_seconds=endpointing_seconds,
        )
        """The services that one port serves besides."""
        self._folder = certificates_folder
        self._connections: set[Connection] = set()

    @property
    def url(self) -> str:
        """The endpoint to dial."""
        return f"https://localhost:{self.port}"

    @property
    def sessions(self) -> list[Session]:
        """Every stream that was opened, oldest first."""
        return self._streams.sessions

    def _connection(self) -> Connection:
        return Connection(self._streams.handle, self._connections)

    async def __aenter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            temporary = opened.enter_context(tempfile.TemporaryDirectory(prefix="hotline-bedrock-"))
            files = make_certificates(self._folder or Path(temporary))
            self.ca_file = files.ca_file
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(files.certificate_file, files.key_file)
            offer(context)
            self._older = OlderHttp(self.cascade)
            self._listener = await asyncio.get_running_loop().create_server(
                lambda: Front(self._connection, self._older.protocol), HOST, self.port, ssl=context
            )
            self._opened = opened.pop_all()
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._listener.close()
        await asyncio.gather(self._older.close(), *(one.close() for one in tuple(self._connections)))
        await self._listener.wait_closed()
        self._opened.close()
