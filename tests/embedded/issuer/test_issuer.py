"""The embedded cloud's issuer behaves as a careful one: what it hands out is bound to who asked for it."""

import base64
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from jwt.algorithms import RSAAlgorithm

from scripts.embedded.issuer.app import LARGEST_BODY_BYTES, Issuer
from scripts.embedded.issuer.codes import CODE_SECONDS, Codes, challenge_of
from scripts.embedded.issuer.requests import AUDIENCE, PUBLIC_CLIENT, SCRIPTS_CLIENT
from scripts.embedded.issuer.tokens import LIFETIME_SECONDS, Tokens

URL = "http://localhost:4571"
SECRET = "a-secret-of-this-run"
BACK = "http://localhost:4566/page/?before=1"
VERIFIER = "v" * 43
ASKED = {
    "response_type": "code",
    "client_id": PUBLIC_CLIENT,
    "redirect_uri": BACK,
    "scope": "openid call",
    "state": 'a"<b>&c',
    "nonce": "n-1",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}
OWN = {"origin": URL}


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def browser(clock):
    issuer = Issuer(Tokens(URL, AUDIENCE, clock=clock), Codes(clock), secret=SECRET)
    transport = httpx.ASGITransport(issuer.application())
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        yield client


def without(name, **changes):
    return {key: value for key, value in {**ASKED, **changes}.items() if key != name}


async def sign_in(browser, name="developer", **changes):
    """Send the form that the page holds, and return what the browser brings back to the client."""
    answer = await browser.post("/authorize", data={**ASKED, "name": name, **changes}, headers=OWN)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def redeem(browser, location, **changes):
    code = parse_qs(urlsplit(location).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "client_id": PUBLIC_CLIENT,
        "code_verifier": VERIFIER,
    }
    return await browser.post("/token", data={**form, **changes})


async def claims_of(browser, token, audience):
    """Verify the token as any client would: with the published keys."""
    (key,) = (await browser.get("/keys")).json()["keys"]
    header = jwt.get_unverified_header(token)
    assert (header["kid"], header["alg"]) == (key["kid"], "RS256")
    return jwt.decode(
        token,
        RSAAlgorithm.from_jwk(key),
        algorithms=["RS256"],
        audience=audience,
        issuer=URL,
        options={"verify_exp": False, "verify_iat": False},
    )


async def test_a_person_signs_in_and_the_page_gets_what_opens_the_door(browser, clock):
    """The whole way that a browser goes."""
    page = await browser.get("/authorize", params=ASKED)
    location = await sign_in(browser)
    answer = (await redeem(browser, location)).json()

    assert "asks for no password" in page.text
    sent_back = parse_qs(urlsplit(location).query)
    assert location.startswith(f"{BACK}&")
    assert (sent_back["state"], sent_back["iss"]) == ([ASKED["state"]], [URL])
    claims = await claims_of(browser, answer["access_token"], AUDIENCE)
    assert (claims["sub"], claims["client_id"], claims["scope"]) == (
        "developer",
        PUBLIC_CLIENT,
        "openid call",
    )
    assert claims["exp"] - clock.now == LIFETIME_SECONDS == answer["expires_in"]
    identity = await claims_of(browser, answer["id_token"], PUBLIC_CLIENT)
    assert (identity["sub"], identity["nonce"]) == ("developer", "n-1")
    assert "scope" not in identity


async def test_the_page_can_be_used_without_seeing_it_and_runs_nothing(browser):
    """It has a heading, a label for its one field, and no script; what was sent to it is text in it."""
    page = await browser.get("/authorize", params=ASKED)

    assert re.search(r"<html lang=.en.>", page.text)
    assert re.search(r'<label for="name">.+</label>\s*<input id="name"', page.text)
    assert "<b>" not in page.text
    assert "<script" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://evil.example:4566/"},
        {"redirect_uri": "http://localhost.evil.example:4566/"},
        {"redirect_uri": "http://localhost:4566@evil.example/"},
        {"redirect_uri": "http://localhost:4566/#fragment"},
        {"redirect_uri": "http://localhost:x/"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": ""},
        {"client_id": "somebody"},
        {"client_id": SCRIPTS_CLIENT},
    ],
)
async def test_nothing_is_sent_to_an_address_that_is_nobodys(browser, changes):
    """A code in the wrong hands is a way in; not even an error is sent there."""
    asked = {**ASKED, **changes}

    for answer in (
        await browser.get("/authorize", params=asked),
        await browser.post("/authorize", data={**asked, "name": "developer"}, headers=OWN),
    ):
        assert answer.status_code == 400
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "too-short"}, "invalid_request"),
        ({"scope": "call admin"}, "invalid_scope"),
        ({"state": "s" * 513}, "invalid_request"),
    ],
)
async def test_a_client_is_told_what_it_asks_wrongly(browser, changes, error):
    """Implicit grants and codes without PKCE are what leaked tokens in the past."""
    answer = await browser.get("/authorize", params={**ASKED, **changes})

    sent_back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert sent_back["error"] == [error]
    assert "code" not in sent_back


@pytest.mark.parametrize("headers", [{}, {"origin": "null"}, {"origin": "http://evil.example"}])
async def test_no_other_page_signs_the_developer_in(browser, headers):
    """Any site in the same browser can send a form here."""
    answer = await browser.post("/authorize", data={**ASKED, "name": "developer"}, headers=headers)

    assert answer.status_code == 403


@pytest.mark.parametrize("name", ["", "  ", "n" * 65])
async def test_somebody_must_be_somebody(browser, name):
    """An empty subject would make everybody's sessions one owner's."""
    assert "error=access_denied" in await sign_in(browser, name)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"code_verifier": "ü"},
        {"redirect_uri": "http://localhost:4567/"},
        {"client_id": SCRIPTS_CLIENT},
        {"code": "guessed"},
    ],
)
async def test_a_code_is_of_no_use_to_whoever_did_not_ask_for_it(browser, changes):
    """It travels through a browser; and a wrong try uses it up."""
    location = await sign_in(browser)

    stolen = await redeem(browser, location, **changes)

    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    if "code" not in changes:
        assert (await redeem(browser, location)).status_code == 400


async def test_a_code_works_once_and_for_a_minute(browser, clock):
    """What is left in a browser's history opens nothing."""
    used, old = await sign_in(browser), await sign_in(browser)
    assert (await redeem(browser, used)).status_code == 200

    clock.now += CODE_SECONDS
    assert (await redeem(browser, used)).json()["error"] == "invalid_grant"
    assert (await redeem(browser, old)).json()["error"] == "invalid_grant"


async def test_scripts_get_a_token_for_their_secret(browser):
    """They have no browser; the secret is this cloud's, and goes when it goes."""
    granted = await browser.post(
        "/token", data={"grant_type": "client_credentials"}, auth=(SCRIPTS_CLIENT, SECRET)
    )

    claims = await claims_of(browser, granted.json()["access_token"], AUDIENCE)
    assert (claims["sub"], claims["scope"]) == (SCRIPTS_CLIENT, "openid call")
    assert "id_token" not in granted.json()
    assert granted.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer x",
        "Basic",
        "Basic %%%",
        "Basic /w==",
        "Basic " + base64.b64encode(f"{SCRIPTS_CLIENT}:guess".encode()).decode(),
        "Basic " + base64.b64encode(f"{SCRIPTS_CLIENT}:".encode()).decode(),
        "Basic " + base64.b64encode(f"{PUBLIC_CLIENT}:{SECRET}".encode()).decode(),
    ],
)
async def test_nobody_else_gets_a_token_without_signing_in(browser, authorization):
    """This grant asks no person."""
    answer = await browser.post(
        "/token", data={"grant_type": "client_credentials"}, headers={"authorization": authorization}
    )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_what_is_no_grant_is_refused(browser):
    """Passwords are not taken, parameters count once, and nobody fills the memory."""
    password = await browser.post("/token", data={"grant_type": "password", "username": "a", "password": "b"})
    twice = await browser.post(
        "/token",
        content="grant_type=client_credentials&grant_type=authorization_code",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    long = await browser.post("/token", content=b"x" * (LARGEST_BODY_BYTES + 1))

    assert password.json()["error"] == "unsupported_grant_type"
    assert twice.json()["error"] == long.json()["error"] == "invalid_request"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4571"])
async def test_a_name_that_was_bent_to_loopback_gets_nothing(browser, host):
    """DNS rebinding would make another site's page this issuer's own."""
    assert (await browser.get("/authorize", params=ASKED, headers={"host": host})).status_code == 400


@pytest.mark.parametrize(
    ("origin", "readable"),
    [("http://localhost:4566", True), ("http://127.0.0.1:8000", True), ("http://evil.example", False)],
)
async def test_only_pages_of_this_machine_read_tokens(browser, origin, readable):
    """The call page is on another port, so on another origin."""
    answer = await browser.get("/.well-known/openid-configuration", headers={"origin": origin})

    assert ("access-control-allow-origin" in answer.headers) == readable


async def test_it_describes_itself_as_clients_expect(browser):
    """API Gateway finds the keys, and the page everything else, through this document."""
    said = (await browser.get("/.well-known/openid-configuration")).json()

    assert said["issuer"] == URL
    assert said["id_token_signing_alg_values_supported"] == ["RS256"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        assert said[name].startswith(f"{URL}/")


async def test_the_published_key_is_the_public_half(browser):
    """Whoever had the other half could sign in as anybody."""
    (key,) = (await browser.get("/keys")).json()["keys"]

    assert key.keys() == {"kty", "kid", "use", "alg", "n", "e"}
