"""Whose keys are believed, and what a role may do."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError

from scripts.embedded.address import REGION
from scripts.embedded.clients import make_client
from scripts.embedded.identity import Identity, IdentityRefusedError

AGENTCORE = "bedrock-agentcore.amazonaws.com"


def client_with(cloud, access_key, secret, token=None):
    url = cloud.ports.endpoints()["services"]
    return make_client(
        "dynamodb", url=url, region=REGION, access_key=access_key, secret=secret, session_token=token
    )


@pytest.mark.parametrize("access_key", ["test", "000000000000", "AKIAIOSFODNN7EXAMPLE"])
def test_keys_that_nobody_issued_open_nothing(cloud, access_key):
    """Emulators take `test` for root; any program on the machine could then do anything."""
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client_with(cloud, access_key, "test").list_tables()


def test_a_known_key_with_a_wrong_secret_opens_nothing(cloud):
    """The id of a key is in every signed URL; only its secret proves anything."""
    key = cloud.session().get_credentials().access_key

    with pytest.raises(ClientError, match="InvalidSignatureException"):
        client_with(cloud, key, "wrong").list_tables()


@pytest.fixture
def role(cloud):
    """A role that AgentCore may assume for one account, and that may list tables only."""
    name = f"role-{uuid.uuid4().hex[:8]}"
    iam = cloud.client("iam")
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": AGENTCORE},
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:bedrock-agentcore:{REGION}:000000000000:*"}},
    }
    rights = {"Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": "*"}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    iam.put_role_policy(
        RoleName=name, PolicyName="rights", PolicyDocument=json.dumps({"Statement": [rights]})
    )
    return arn["Role"]["Arn"]


def assume(cloud, role, **changes):
    asked = {
        "role_arn": role,
        "service": AGENTCORE,
        "source_arn": f"arn:aws:bedrock-agentcore:{REGION}:000000000000:runtime/a-0123456789",
        "session_name": "session",
        "region": REGION,
        "seconds": 900,
    }
    return cloud.identity.role_session(**(asked | changes))


def test_a_role_may_do_what_its_policy_says_and_no_more(cloud, role):
    """This is what makes a deployment here a proof of least privilege."""
    keys = assume(cloud, role)
    dynamodb = client_with(cloud, keys.access_key, keys.secret, keys.session_token)

    dynamodb.list_tables()
    with pytest.raises(ClientError, match="AccessDeniedException"):
        dynamodb.describe_limits()


@pytest.mark.parametrize(
    "changes",
    [
        {"service": "lambda.amazonaws.com"},
        {"source_arn": f"arn:aws:bedrock-agentcore:{REGION}:111111111111:runtime/a-0123456789"},
        {"role_arn": "arn:aws:iam::000000000000:role/nobody"},
    ],
)
def test_a_trust_policy_is_held_to_its_service_and_its_source(cloud, role, changes):
    """A role without conditions is the confused deputy; one with wrong conditions never starts on AWS."""
    with pytest.raises(IdentityRefusedError, match="trust policy"):
        assume(cloud, role, **changes)


def test_the_identity_service_answers_holders_of_its_token_only(cloud):
    """It hands out secrets: another program on this machine must not be able to ask."""
    stranger = Identity(url=cloud.identity.url, token="guess")

    with pytest.raises(IdentityRefusedError):
        stranger.credential(access_key=cloud.session().get_credentials().access_key, region=REGION)
