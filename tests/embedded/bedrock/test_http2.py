"""What comes over the wire when no SDK is polite enough to send it."""

import asyncio
import contextlib
import math
import ssl

import h2.config
import h2.connection
import h2.exceptions
import pytest
from h2.events import DataReceived, ResponseReceived, StreamEnded

from scripts.embedded.bedrock import Faults, ScriptedBrain
from scripts.embedded.bedrock.http2 import Connection

ROUTE = "/model/amazon.nova-2-5-sonic/invoke-with-bidirectional-stream"


@contextlib.asynccontextmanager
async def connect(server):
    trusted = ssl.create_default_context(cafile=server.ca_file)
    trusted.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection("localhost", server.port, ssl=trusted)
    try:
        async with asyncio.timeout(30):
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


class Talker:
    """Answers every request with more than the client's window takes, and on and on."""

    def __init__(self):
        self.faults = []

    async def __call__(self, exchange):
        try:
            exchange.respond(200, {})
            while True:
                exchange.write(bytes(100_000))
                await asyncio.sleep(0)
        except h2.exceptions.ProtocolError as fault:
            self.faults.append(fault)


@contextlib.asynccontextmanager
async def talking(handle):
    """Serve *handle* without TLS, and yield what two requests of one client are read and written by."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(handle, set()), "127.0.0.1")
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    client = h2.connection.H2Connection()
    client.initiate_connection()
    for stream_id in (1, 3):
        head = {":method": "POST", ":authority": "localhost", ":scheme": "http", ":path": "/"}
        client.send_headers(stream_id, list(head.items()), end_stream=True)
    writer.write(client.data_to_send())
    try:
        async with asyncio.timeout(30):
            yield client, reader, writer
    finally:
        writer.close()
        server.close()


async def test_a_client_that_says_goodbye_breaks_no_answer():
    """An agent that hangs up in the middle of a word must not fill the log with tracebacks."""
    handle = Talker()
    async with talking(handle) as (client, reader, writer):
        client.receive_data(await reader.read(1000))
        client.close_connection()
        writer.write(client.data_to_send())
        while await reader.read(65_536):
            pass

    assert handle.faults == []


async def test_a_reset_of_one_stream_leaves_the_others():
    """Room for more and a reset often arrive together; the calls beside that one go on."""
    handle = Talker()
    async with talking(handle) as (client, reader, writer):
        seen = 0
        while seen < client.max_inbound_frame_size:
            seen += sum(
                len(one.data)
                for one in client.receive_data(await reader.read(65_536))
                if isinstance(one, DataReceived)
            )
        client.increment_flow_control_window(65_536)
        client.increment_flow_control_window(65_536, stream_id=1)
        client.reset_stream(1)
        writer.write(client.data_to_send())
        beside = 0
        while beside < 65_536:
            data = await reader.read(65_536)
            assert data, "the server cut the connection"
            for one in client.receive_data(data):
                beside += len(one.data) if isinstance(one, DataReceived) and one.stream_id == 3 else 0
            client.increment_flow_control_window(65_536)
            client.increment_flow_control_window(65_536, stream_id=3)
            writer.write(client.data_to_send())

    assert handle.faults == []
