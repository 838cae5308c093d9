"""A DynamoDB on a real socket: moto's, behind the few lines of HTTP that boto3 speaks to it."""

import contextlib
import functools
import json
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.exceptions import ClientError
from moto import mock_aws

from scripts.embedded.clients import make_session

REGION = "us-east-1"
LEDGER = "ledger"
ORDERS = "orders"


class DynamoDb:
    """The running database; `client` reaches it without the network."""

    def __init__(self, client: Any, url: str) -> None:
        self.client = client
        self.url = url
        self.down = False
        """Whether it answers every request with an error."""


@contextlib.contextmanager
def dynamodb() -> Iterator[DynamoDb]:
    """Serve the ledger's and the orders' tables for the block."""
    with mock_aws():
        client = _session().client("dynamodb")
        _one_at_a_time(client)
        _create_table(client, LEDGER, "session_id")
        _create_table(client, ORDERS, "order_number")
        client.put_item(TableName=ORDERS, Item={"order_number": {"S": "427"}, "status": {"S": "shipped"}})
        with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
            database = DynamoDb(client, f"http://127.0.0.1:{server.server_port}")
            server.database = database  # type: ignore[attr-defined]
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield database
            finally:
                server.shutdown()
                thread.join()


@functools.cache
def _session() -> Any:
    """One for all tests: making it, and reading what botocore knows about AWS, takes longer than most of them."""
    return make_session(region=REGION, access_key="AKIAIOSFODNN7EXAMPLE", secret="x")


def _one_at_a_time(client: Any) -> None:
    """Let no thread come between a condition and its write: DynamoDB does not, moto does."""
    lock, call = threading.Lock(), client._make_api_call

    def alone(*request: Any) -> Any:
        with lock:
            return call(*request)

    client._make_api_call = alone


def _create_table(client: Any, name: str, key: str) -> None:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        database = self.server.database
        if database.down:
            self._answer(HTTPStatus.BAD_REQUEST, {"__type": "ResourceNotFoundException", "message": "down"})
            return
        try:
            answer = database.client._make_api_call(operation, request)
        except ClientError as fault:
            body = {**fault.response, "__type": fault.response["Error"]["Code"]}
            self._answer(HTTPStatus.BAD_REQUEST, body)
        else:
            answer.pop("ResponseMetadata")
            self._answer(HTTPStatus.OK, answer)

    def _answer(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        payload = json.dumps(body, default=str).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""
