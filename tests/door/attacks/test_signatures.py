"""Who comes without a signature, or with one that gives no right, to a door whose callers sign (auth.kind iam)."""

import json
from http import HTTPStatus
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from scripts.calling.proof import Signature
from scripts.embedded.address import REGION
from tests.door.attacks.real_gateway import real_gateway
from tests.door.ministack import KEYS

WANTED = json.dumps({"transport": "websocket"})
DEPLOYER = ReadOnlyCredentials(KEYS["access_key"], KEYS["secret"], None)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with real_gateway(tmp_path_factory.mktemp("gateway"), iam=True) as running:
        yield running


@pytest.fixture
def nothing_left(gateway):
    before = gateway.traces()
    yield
    assert gateway.traces() == before


leaves_nothing = pytest.mark.usefixtures("nothing_left")


def signed(gateway, method, path, credentials, body=""):
    """Send a request that *credentials* have signed."""
    request = AWSRequest(method, gateway.url + path, headers={"content-type": "application/json"}, data=body)
    Signature(REGION, credentials).put_on(request)
    return gateway.send(method, path, headers=dict(request.headers), content=body)


def user(gateway, name, statement):
    """Make a user who may do what *statement* says."""
    iam = gateway.client("iam")
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return ReadOnlyCredentials(key["AccessKeyId"], key["SecretAccessKey"], None)


def test_whoever_signs_and_may_opens_a_session(gateway):
    """Without this, everything below would be refused for the wrong reason."""
    answer = signed(gateway, "POST", "/sessions", DEPLOYER, WANTED)

    assert answer.status_code == HTTPStatus.CREATED, answer.text
    (row,) = [one for one in gateway.traces()[0] if one["session_id"]["S"] == answer.json()["session_id"]]
    assert row["owner"]["S"].startswith("arn:aws:iam::")


@leaves_nothing
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer x"},
        {"authorization": "AWS4-HMAC-SHA256 Credential=test/a/b/c/d"},
        {"authorization": "AWS4-HMAC-SHA256"},
    ],
)
def test_an_unsigned_request_is_refused(gateway, headers):
    """The door spends money; nobody may open it unknown."""
    answer = gateway.send("POST", "/sessions", content=WANTED, headers=headers)

    assert answer.status_code == HTTPStatus.FORBIDDEN


@leaves_nothing
def test_a_token_is_no_signature(gateway):
    """Who may call is said by the stage, not by the caller."""
    assert gateway.open(gateway.tokens.access("a", client_id="page", scopes=("call",))).status_code == 403


@leaves_nothing
@pytest.mark.parametrize(
    "credentials",
    [
        ReadOnlyCredentials(KEYS["access_key"], "x" * 40, None),
        ReadOnlyCredentials("AKIAUNKNOWN000000000", "x" * 40, None),
        ReadOnlyCredentials("test", "test", None),
    ],
)
def test_knowing_the_name_of_a_key_is_not_holding_it(gateway, credentials):
    """It stands in every request that its holder signs."""
    assert signed(gateway, "POST", "/sessions", credentials, WANTED).status_code == HTTPStatus.FORBIDDEN


@leaves_nothing
@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": "*"},
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:*:*:another/*"},
        {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": "*"},
    ],
    ids=("no right", "right to another API", "denied"),
)
def test_a_signer_without_the_right_is_refused(gateway, statement):
    """Being known to IAM is not enough."""
    stranger = user(gateway, f"stranger-{uuid4()}", statement)

    assert signed(gateway, "POST", "/sessions", stranger, WANTED).status_code == HTTPStatus.FORBIDDEN


def test_another_signers_session_is_nobodys(gateway):
    """To them it answers as one that never was."""
    right = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    other = user(gateway, "colleague", right)
    path = f"/sessions/{signed(gateway, 'POST', '/sessions', DEPLOYER, WANTED).json()['session_id']}"

    assert signed(gateway, "GET", path, other).status_code == HTTPStatus.NOT_FOUND
    assert signed(gateway, "DELETE", path, other).status_code == HTTPStatus.NOT_FOUND
    assert signed(gateway, "GET", path, DEPLOYER).json()["state"] == "open"
