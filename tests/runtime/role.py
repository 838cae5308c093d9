"""A role whose credentials can be renewed, at the endpoint where containers find theirs."""

import contextlib
import datetime as dt
import json
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scripts.embedded.bedrock.credentials import Credentials


class Role:
    """What the endpoint hands out."""

    token = "a-session-token"

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        """Secret of each key id handed out so far."""
        self.signers: list[str] = []
        """Key id of each request that somebody had judged."""
        self._number = 0
        self.renew()

    def renew(self) -> None:
        """Hand out another key from now on."""
        self._number += 1
        self.key_id = f"ASIAIOSFODNN7EXAMPL{self._number}"
        self.secrets[self.key_id] = f"secret-number-{self._number}"

    def look_up(self, key_id: str) -> Credentials | None:
        """Return what a service knows of a key that was handed out."""
        self.signers.append(key_id)
        secret = self.secrets.get(key_id)
        return Credentials(secret_access_key=secret, session_token=self.token) if secret else None


@contextlib.contextmanager
def served_role(monkeypatch: pytest.MonkeyPatch) -> Iterator[Role]:
    """Let the agent find a role instead of keys in the environment, for the block."""
    role = Role()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # Due for renewal at once, so whoever asks the library asks the role.
            expires = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)
            body = json.dumps(
                {
                    "AccessKeyId": role.key_id,
                    "SecretAccessKey": role.secrets[role.key_id],
                    "Token": role.token,
                    "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
                }
            ).encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        url = f"http://127.0.0.1:{server.server_port}/credentials"
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        try:
            yield role
        finally:
            server.shutdown()
            thread.join()
