"""Sign a person in from a terminal: their own browser asks the issuer, and this machine hears the answer.

Source: RFC 8252 (native apps: the browser, a loopback address, PKCE), RFC 7636, RFC 9207.
"""

import base64
import hashlib
import hmac
import secrets
import socket
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from scripts.calling.errors import CredentialsError
from scripts.calling.issuer import Issuer

PATIENCE_SECONDS = 180
"""For a person to find their password and their second factor."""

_CONNECTION_SECONDS = 5
_DONE = "You are signed in: go back to the terminal. This page can be closed."
_NOT_DONE = "You are not signed in: the terminal says why. This page can be closed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The public client that terminals sign in with."""

    client_id: str
    port: int
    scopes: str

    @property
    def redirect_uri(self) -> str:
        """Where the browser brings the answer; registered with the issuer, character by character."""
        return f"http://localhost:{self.port}/"


def sign_in(
    issuer: Issuer,
    client: Client,
    *,
    tell: Callable[[str], None],
    browse: Callable[[str], object] | None = None,
) -> str:
    """Return an access token for whoever signs in.

    Args:
        issuer: Where.
        client: In whose name.
        tell: Told the address, for those whose browser does not open by itself.
        browse: Opens it; the user's browser when none is given.

    Raises:
        CredentialsError: Nobody signed in, or the answer is not to this question.
    """
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    question = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": client.scopes,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    address = f"{issuer.authorization_endpoint}?{urlencode(question)}"
    with _Listener(client.port, state=state) as listener:
        tell(f"Sign in with your browser: {address}")
        (browse or webbrowser.open)(address)
        answer = listener.wait()
    code = _code(answer, issuer)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "client_id": client.client_id,
        "code_verifier": verifier,
    }
    return issuer.grant(form)[0]


def _code(answer: dict[str, str], issuer: Issuer) -> str:
    if answer.get("iss", issuer.url) != issuer.url:
        raise CredentialsError("Another issuer answered than was asked, so its code was not used.")
    if "code" not in answer:
        said = answer.get("error", "no code")
        raise CredentialsError(f"The issuer signed nobody in ({said[:100]!r}).")
    return answer["code"]


class _Listener(HTTPServer):
    """Waits on the loopback address for the one request that carries the answer."""

    allow_reuse_address = True

    def __init__(self, port: int, *, state: str) -> None:
        self.state = state
        self.heard: dict[str, str] = {}
        try:
            super().__init__(("127.0.0.1", port), _Redirect)
        except OSError as fault:
            raise CredentialsError(
                f"Port {port} is taken ({fault.strerror}), where the sign-in should end.  End what listens there, "
                "or pass a token with --token-file."
            ) from fault

    def wait(self) -> dict[str, str]:
        """Return the parameters of the answer.

        Raises:
            CredentialsError: None came in time.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.heard and (left := deadline - time.monotonic()) > 0:
            self.timeout = left
            self.handle_request()
        if not self.heard:
            raise CredentialsError(f"Nobody signed in within {PATIENCE_SECONDS} s.")
        return self.heard

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Take a connection; whoever opens one and says nothing must not hold up the answer."""
        connection, address = super().get_request()
        connection.settimeout(_CONNECTION_SECONDS)
        return connection, address

    def handle_error(self, *_about: object) -> None:
        """Say nothing: a connection that broke is not the answer."""


class _Redirect(BaseHTTPRequestHandler):
    server: _Listener

    def do_GET(self) -> None:
        """Take the answer if it is to our question: any page of the browser can send here."""
        parts = urlsplit(self.path)
        sent = dict(parse_qsl(parts.query))
        ours = parts.path == "/" and hmac.compare_digest(sent.get("state", ""), self.server.state)
        if ours:
            self.server.heard = sent
        text = (_DONE if "code" in sent else _NOT_DONE) if ours else "There is nothing here."
        body = text.encode()
        self.send_response(HTTPStatus.OK if ours else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_line: object) -> None:
        """Log nothing: the line would hold the code."""
