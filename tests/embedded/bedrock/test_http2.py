"""What comes over the wire when no SDK is polite enough to send it."""

import asyncio
import contextlib
import math
import ssl

import h2.config
import h2.connection
import pytest
from h2.events import DataReceived, ResponseReceived, StreamEnded

from scripts.embedded.bedrock import Faults, ScriptedBrain

ROUTE = "/model/amazon.nova-2-5-sonic/invoke-with-bidirectional-stream"


@contextlib.asynccontextmanager
async def connect(server):
    trusted = ssl.create_default_context(cafile=server.ca_file)
    trusted.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection("localhost", server.port, ssl=trusted)
    try:
        async with asyncio.timeout(10):
            yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def request(server, path, **headers):
    """Send one request without a body and return its events, or None if the connection was cut."""
    client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    async with connect(server) as (reader, writer):
        client.initiate_connection()
        head = {":method": "POST", ":authority": "localhost", ":scheme": "https", ":path": path, **headers}
        client.send_headers(1, list(head.items()), end_stream=True)
        writer.write(client.data_to_send())
        events = []
        while not any(isinstance(event, StreamEnded) for event in events):
            data = await reader.read(65_536)
            if not data:
                return None
            events += client.receive_data(data)
            writer.write(client.data_to_send())
    return events


def status(events):
    (head,) = (dict(event.headers) for event in events if isinstance(event, ResponseReceived))
    return head[":status"]


async def test_another_operation_is_not_found(serve):
    """This server offers one operation and says so."""
    async with serve(ScriptedBrain()) as server:
        assert status(await request(server, "/model/x/invoke")) == "404"


async def test_an_unsigned_request_is_refused(serve):
    """Nobody gets in without a signature, even with the right route."""
    async with serve(ScriptedBrain()) as server:
        events = await request(server, ROUTE)

    assert status(events) == "403"
    body = b"".join(event.data for event in events if isinstance(event, DataReceived))
    assert b"Missing Authentication Token" in body


async def test_a_refusing_server_cuts_the_connection(serve):
    """The SDK itself hangs on this one; the agent needs a deadline of its own."""
    async with serve(ScriptedBrain(), faults=Faults(refuse=math.inf)) as server:
        with contextlib.suppress(ConnectionResetError):
            assert await request(server, ROUTE) is None


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", bytes(100)], ids=["http1", "nul"]
)
async def test_another_protocol_ends_the_connection_and_not_the_server(serve, noise):
    """One confused client must not take the calls of others with it."""
    async with serve(ScriptedBrain()) as server:
        async with connect(server) as (reader, writer):
            writer.write(noise)
            await reader.read()
        assert status(await request(server, "/")) == "404"
