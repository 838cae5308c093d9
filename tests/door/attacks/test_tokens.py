"""Who comes with a token that is none, or is not theirs: refused by a gateway that really looks, with nothing left.

Source: RFC 8725 (best current practices for JSON Web Tokens) names most of these.
"""

import base64
import hashlib
import hmac
import json
import time
from http import HTTPStatus

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from scripts.embedded.issuer.requests import AUDIENCE
from scripts.embedded.issuer.tokens import Tokens
from tests.door.attacks.real_gateway import real_gateway

CANDIDATE = {"candidate": "", "sdpMid": None, "sdpMLineIndex": None}
OF_ANOTHERS_SESSION = [
    ("GET", "", None),
    ("DELETE", "", None),
    ("POST", "/offer", {"type": "offer", "sdp": "v=0\r\n"}),
    ("PATCH", "/offer", {"candidates": [CANDIDATE]}),
    ("POST", "/relays", None),
]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with real_gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
def nothing_left(gateway):
    """Makes sure that an attack left nothing in the ledger, and woke and stopped no agent."""
    before = gateway.traces()
    yield
    assert gateway.traces() == before


leaves_nothing = pytest.mark.usefixtures("nothing_left")


def token_of(gateway, subject="alice"):
    return gateway.tokens.access(subject, client_id="page", scopes=("openid", "call"))


def claims(gateway, **changes):
    """The claims of a good token, changed; a change to None leaves the claim out."""
    now = int(time.time())
    good = {
        "iss": gateway.tokens.issuer,
        "sub": "alice",
        "aud": AUDIENCE,
        "scope": "openid call",
        "iat": now,
        "exp": now + 300,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def header_of(gateway, **changes):
    (key,) = gateway.tokens.keys()["keys"]
    return {"alg": "RS256", "typ": "JWT", "kid": key["kid"], **changes}


def public_pem(gateway):
    (key,) = gateway.tokens.keys()["keys"]
    return RSAAlgorithm.from_jwk(key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_a_good_token_opens_a_session(gateway):
    """Without this, everything below would be refused for the wrong reason."""
    answer = gateway.open(token_of(gateway))

    assert answer.status_code == HTTPStatus.CREATED, answer.text
    session_id = answer.json()["session_id"]
    assert [one for one, _ in gateway.agentcore.asked] == [session_id]
    (row,) = [one for one in gateway.traces()[0] if one["session_id"]["S"] == session_id]
    assert row["owner"]["S"].startswith("user:")
    assert "alice" not in json.dumps(row)


def test_the_signed_claims_also_open_it_when_written_by_hand(gateway):
    """So that each change below is the one thing that is wrong with its token."""
    assert gateway.open(gateway.tokens.sign(claims(gateway))).status_code == HTTPStatus.CREATED


@leaves_nothing
@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic YTpi", "Bearer a.b", "Bearer a.b.c"])
def test_nobody_comes_in_without_a_token(gateway, authorization):
    """Nothing of ours runs for them, not even the function."""
    headers = {} if authorization is None else {"authorization": authorization}
    answer = gateway.send("POST", "/sessions", json={"transport": "websocket"}, headers=headers)

    assert answer.status_code == HTTPStatus.UNAUTHORIZED


@leaves_nothing
@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-api"},
        {"aud": ["another-api", "a-third"]},
        {"aud": None},
        {"aud": None, "client_id": "another-client"},
        {"aud": "another-api", "client_id": AUDIENCE},
        {"iss": "https://id.example.com"},
        {"iss": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"nbf": 4_000_000_000},
        {"nbf": "now"},
        {"iat": 4_000_000_000},
        {"iat": ["x"]},
    ],
    ids=str,
)
def test_a_token_for_somebody_else_or_another_time_is_refused(gateway, changes):
    """It is genuine; it is not for this door, or not now."""
    answer = gateway.open(gateway.tokens.sign(claims(gateway, **changes)))

    assert answer.status_code == HTTPStatus.UNAUTHORIZED


@leaves_nothing
@pytest.mark.parametrize("scope", [None, "", "openid", "calls", "openid recall"])
def test_a_token_without_the_doors_scope_is_refused(gateway, scope):
    """Such is an ID token, which a page shows around, and a token for another of the company's APIs."""
    answer = gateway.open(gateway.tokens.sign(claims(gateway, scope=scope)))

    assert answer.status_code == HTTPStatus.FORBIDDEN


@leaves_nothing
def test_an_id_token_opens_nothing(gateway):
    """It says who somebody is, not what they may do; here even for the door's own audience."""
    token = gateway.tokens.identity("alice", client_id=AUDIENCE, nonce="n")

    assert gateway.open(token).status_code == HTTPStatus.FORBIDDEN


@leaves_nothing
@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
def test_a_token_that_claims_to_need_no_signature_is_refused(gateway, algorithm):
    """The oldest fault of libraries; with no signature at all, and with the genuine one of another token."""
    body = part(claims(gateway))
    genuine = token_of(gateway).rpartition(".")[2]

    for signature in ("", genuine):
        token = f"{part(header_of(gateway, alg=algorithm))}.{body}.{signature}"
        assert gateway.open(token).status_code == HTTPStatus.UNAUTHORIZED


@leaves_nothing
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_the_public_key_is_no_secret_to_sign_with(gateway, algorithm):
    """A verifier that believes the header would take the key that everybody can fetch for a shared secret."""
    signed = f"{part(header_of(gateway, alg=algorithm))}.{part(claims(gateway))}"
    digest = getattr(hashlib, algorithm.replace("HS", "sha"))
    mac = hmac.new(public_pem(gateway), signed.encode(), digest).digest()
    token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    assert gateway.open(token).status_code == HTTPStatus.UNAUTHORIZED


@leaves_nothing
@pytest.mark.parametrize("algorithm", ["none", "HS256", "PS256", "ES256", "rs256", None, 256])
def test_a_header_that_names_another_algorithm_than_it_was_signed_with_is_refused(gateway, algorithm):
    """What says one thing and does another was made by no issuer; API Gateway takes RSA's algorithms only."""
    key = gateway.tokens._key
    signed = f"{part(header_of(gateway, alg=algorithm))}.{part(claims(gateway))}"
    signature = jwt.algorithms.RSAAlgorithm(RSAAlgorithm.SHA256).sign(signed.encode(), key)
    token = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    assert gateway.open(token).status_code == HTTPStatus.UNAUTHORIZED


@leaves_nothing
def test_another_issuers_key_signs_nothing_here(gateway):
    """With its own name, and with the name of the key that is believed."""
    forger = Tokens(gateway.tokens.issuer, AUDIENCE)
    same_name = Tokens(gateway.tokens.issuer, AUDIENCE)
    same_name._key_id = gateway.tokens._key_id

    for tokens in (forger, same_name):
        assert gateway.open(tokens.sign(claims(gateway))).status_code == HTTPStatus.UNAUTHORIZED


@leaves_nothing
def test_a_key_in_the_tokens_own_header_is_not_believed(gateway):
    """`jwk`, `jku` and `x5c` let the attacker name the judge."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    own = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    more = {"jwk": own, "jku": "https://evil.example/keys", "kid": header_of(gateway)["kid"]}

    token = jwt.encode(claims(gateway), key, algorithm="RS256", headers=more)

    assert gateway.open(token).status_code == HTTPStatus.UNAUTHORIZED


@leaves_nothing
@pytest.mark.parametrize("kid", [None, "", "../../keys", "unknown", ["a"], {"a": 1}])
def test_a_key_that_was_not_published_is_not_looked_for(gateway, kid):
    """The name of a key is an attacker's text."""
    token = f"{part(header_of(gateway, kid=kid))}.{token_of(gateway).partition('.')[2]}"

    assert gateway.open(token).status_code == HTTPStatus.UNAUTHORIZED


@leaves_nothing
def test_what_was_signed_cannot_be_changed(gateway):
    """Neither who it is nor how long it is good, and no signature of one token is good for another."""
    header, _, signature = token_of(gateway).split(".")

    for changes in ({"sub": "bob"}, {"exp": 4_000_000_000}):
        token = f"{header}.{part(claims(gateway, **changes))}.{signature}"
        assert gateway.open(token).status_code == HTTPStatus.UNAUTHORIZED


@leaves_nothing
@pytest.mark.parametrize("body", [[], "text", 7, None, {"exp": {}}])
def test_claims_that_are_none_break_nothing(gateway, body):
    """A gateway that stumbles answers 500, and pages somebody."""
    signed = f"{part(header_of(gateway))}.{part(body)}"
    signature = jwt.algorithms.RSAAlgorithm(RSAAlgorithm.SHA256).sign(signed.encode(), gateway.tokens._key)
    token = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    assert gateway.open(token).status_code == HTTPStatus.UNAUTHORIZED


@leaves_nothing
@pytest.mark.parametrize("header", [[], "text", 7, None])
def test_headers_that_are_none_break_nothing(gateway, header):
    """As above."""
    token = f"{part(header)}.{token_of(gateway).partition('.')[2]}"

    assert gateway.open(token).status_code == HTTPStatus.UNAUTHORIZED


@leaves_nothing
def test_a_token_in_the_address_is_not_one(gateway):
    """Addresses are kept in histories and logs."""
    token = token_of(gateway)

    for name in ("access_token", "token", "Authorization"):
        answer = gateway.send("POST", f"/sessions?{name}={token}", json={"transport": "websocket"})
        assert answer.status_code == HTTPStatus.UNAUTHORIZED


@leaves_nothing
def test_somebody_without_a_subject_is_nobody(gateway):
    """The gateway lets such a token in; a session without an owner would be everybody's."""
    answer = gateway.open(gateway.tokens.sign(claims(gateway, sub=None)))

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "below", "body"), OF_ANOTHERS_SESSION)
def test_nobody_reads_joins_or_stops_another_persons_session(gateway, method, below, body):
    """To Bob, Alice's session answers as one that never was."""
    session_id = gateway.open(token_of(gateway, "alice")).json()["session_id"]
    before = gateway.traces()

    answer = gateway.ask(method, f"/sessions/{session_id}{below}", token_of(gateway, "bob"), body)

    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert gateway.traces()[1:] == before[1:]
    rows = {one["session_id"]["S"]: one for one in gateway.traces()[0]}
    assert rows[session_id]["state"]["S"] == "open"


def test_a_caller_cannot_say_who_they_are(gateway):
    """What API Gateway tells the function about callers cannot be told by callers."""
    session_id = gateway.open(token_of(gateway, "alice")).json()["session_id"]
    body = {"requestContext": {"authorizer": {"jwt": {"claims": {"sub": "alice"}}}}, "transport": "websocket"}
    headers = {
        "authorization": f"Bearer {token_of(gateway, 'bob')}",
        "x-amzn-oidc-identity": "alice",
        "x-amzn-request-context": json.dumps(body["requestContext"]),
    }

    shown = gateway.send("GET", f"/sessions/{session_id}", headers=headers)
    smuggled = gateway.send("POST", "/sessions", json=body, headers=headers)

    assert shown.status_code == HTTPStatus.NOT_FOUND
    assert smuggled.status_code == HTTPStatus.BAD_REQUEST
