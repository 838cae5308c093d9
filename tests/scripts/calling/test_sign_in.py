"""Signing in from a terminal, with the embedded cloud's issuer and a browser that is a thread."""

import socket
import threading
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jwt
import pytest

from scripts.calling import sign_in as module
from scripts.calling.errors import CredentialsError
from scripts.calling.issuer import LEAST_SECONDS, Issuer, ScriptsToken
from scripts.calling.sign_in import Client, sign_in
from scripts.calling.tokens import read_token, token_for
from scripts.embedded.issuer.requests import PUBLIC_CLIENT
from tests.embedded.issuer.serving import SECRET, issuing


@pytest.fixture(scope="module")
def tokens():
    with issuing() as running:
        yield running


@pytest.fixture
def client():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Client(client_id=PUBLIC_CLIENT, port=probe.getsockname()[1], scopes="openid call")


def get(url):
    return httpx.get(url, timeout=30, trust_env=False)


class Browser:
    """Sends the form that the issuer shows, and brings the answer where the issuer says; *changes* go with it."""

    def __init__(self, **changes):
        self.changes, self.answers, self.asked = changes, [], {}

    def __call__(self, address):
        threading.Thread(target=self._sign_in, args=(address,)).start()

    def _sign_in(self, address):
        self.asked = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}
        page, form = address.partition("?")[0], {**self.asked, "name": "alice"}
        origin = page.rpartition("/")[0]
        answer = httpx.post(page, data=form, headers={"origin": origin}, timeout=30, trust_env=False)
        where, _, query = answer.headers["location"].partition("?")
        brought = {name: value for name, (value,) in parse_qs(query).items()} | self.changes
        brought = {name: value for name, value in brought.items() if value}
        self.answers.append(get(f"{where}?{urlencode(brought)}"))


def test_whoever_signs_in_gets_a_token_of_their_own(tokens, client):
    """Code with PKCE: what passes through the browser is of no use without what stays here."""
    browser, told = Browser(), []

    token = sign_in(Issuer.discover(tokens.issuer), client, tell=told.append, browse=browser)

    assert jwt.decode(token, options={"verify_signature": False})["sub"] == "alice"
    assert browser.asked["code_challenge_method"] == "S256"
    assert "You are signed in" in browser.answers[0].text
    assert browser.answers[0].headers["referrer-policy"] == "no-referrer"
    (line,) = told
    assert tokens.issuer in line  # for a machine without a browser


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"iss": "https://evil.example"}, "Another issuer answered"),
        ({"code": None}, "signed nobody in"),
        ({"code": None, "error": "access_denied"}, "access_denied"),
        ({"code": "guessed"}, "refused at"),
    ],
)
def test_an_answer_that_is_none_is_not_used(tokens, client, changes, said):
    """Mix-up and refusal are said, and no code goes to the wrong issuer."""
    with pytest.raises(CredentialsError, match=said):
        sign_in(Issuer.discover(tokens.issuer), client, tell=print, browse=Browser(**changes))


def test_answers_to_questions_that_were_not_asked_are_ignored(tokens, client):
    """Any page of the browser can send something here; it must neither sign in nor end the waiting."""
    forged = []

    def browse(address):
        here = f"http://127.0.0.1:{client.port}"
        socket.create_connection(("127.0.0.1", client.port)).close()  # one that says nothing

        def bring():
            forged.extend(get(f"{here}/{path}") for path in ("?code=x", "?code=x&state=y", "favicon.ico"))
            Browser()._sign_in(address)

        threading.Thread(target=bring).start()

    token = sign_in(Issuer.discover(tokens.issuer), client, tell=print, browse=browse)

    assert token
    assert [one.status_code for one in forged] == [404, 404, 404]


def test_nobody_waits_for_ever(tokens, client, monkeypatch):
    """A browser that was closed gives no answer."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)

    with pytest.raises(CredentialsError, match="Nobody signed in within"):
        sign_in(Issuer.discover(tokens.issuer), client, tell=print, browse=lambda _: None)


def test_a_taken_port_is_said(tokens, client):
    """The issuer knows one address only, so there is no other to fall back to."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", client.port))
        other.listen()
        with pytest.raises(CredentialsError, match=f"Port {client.port} is taken.*--token-file"):
            sign_in(Issuer.discover(tokens.issuer), client, tell=print, browse=lambda _: None)


def test_an_issuer_that_calls_itself_otherwise_is_none(tokens):
    """Whoever answers in another's name is not asked for a token."""
    port = urlsplit(tokens.issuer).port

    with pytest.raises(CredentialsError, match="does not describe the issuer"):
        Issuer.discover(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("url", ["http://localhost:9", "https://[", "http://localhost:9/path"])
def test_an_issuer_that_does_not_answer_is_said(url):
    """In words, and with the address."""
    with pytest.raises(CredentialsError, match="does not answer"):
        Issuer.discover(url)


def test_a_refused_secret_is_not_repeated(tokens):
    """Messages end in logs and bug reports."""
    with pytest.raises(CredentialsError, match="invalid_client") as refusal:
        ScriptsToken(tokens.issuer, "hotline-scripts", "my-secret")()

    assert "my-secret" not in str(refusal.value)


def test_a_program_fetches_a_new_token_before_the_old_one_expires(tokens):
    """A long run of calls must not fail in its second hour."""
    now = [0.0]
    source = ScriptsToken(tokens.issuer, "hotline-scripts", SECRET, clock=lambda: now[0])

    first = source()
    now[0] = 3_600 - LEAST_SECONDS - 1
    assert source() == first
    now[0] += 1
    assert source() != first


@pytest.mark.parametrize("text", ["", " \n", "two words", "a\nb", "tökén"])
def test_a_file_that_holds_no_token_is_said(tmp_path, text):
    """An empty file would be sent as `Bearer `, and refused in a way that explains nothing."""
    file = tmp_path / "token"
    file.write_text(text)

    with pytest.raises(CredentialsError, match="must hold one access token"):
        read_token(file)


def test_a_token_is_read_from_a_file_and_never_shown(tmp_path):
    """Not from the command line, which every user of the machine can read."""
    file = tmp_path / "token"
    file.write_text("header.claims.signature\n")

    assert token_for({"Issuer": "x"}, token_file=file, tell=print)() == "header.claims.signature"
    with pytest.raises(CredentialsError, match="cannot be read"):
        read_token(tmp_path / "missing")


def test_a_stage_without_sign_in_from_terminals_says_what_to_do():
    """`auth.terminal_port` may be none."""
    with pytest.raises(CredentialsError, match=r"auth\.terminal_port.*--token-file"):
        token_for({"Issuer": "https://id.example.com"}, token_file=None, tell=print)
