"""What Kinesis Video issues here: as AWS does, and good for a relay that relays."""

import asyncio
import base64
import json
import ssl
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from scripts.embedded.address import REGION
from scripts.embedded.clients import make_client
from tests.embedded.ministack.test_resources import Stack
from turn.allocation import Allocation
from turn.errors import AllocationError
from turn.ice_server import IceServer
from turn.leases import CHANNEL_ALLOCATIONS

CHANNEL = {"Channel": {"Type": "AWS::KinesisVideo::SignalingChannel", "Properties": {}}}
ARN = {"Arn": {"Fn::GetAtt": ["Channel", "Arn"]}}


@pytest.fixture
def channel(cloud):
    """A channel of a test's own, because rates and allocations are counted for each."""
    stack = Stack(cloud.client("cloudformation"))
    yield stack.create(CHANNEL, ARN)["Arn"]
    stack.delete()


def signaling(cloud, keys=None):
    """Return a client for what `GetSignalingChannelEndpoint` names."""
    found = keys or cloud.session().get_credentials()
    return make_client(
        "kinesis-video-signaling",
        url=cloud.ports.endpoints()["services"],
        region=REGION,
        access_key=found.access_key,
        secret=found.secret_key,
    )


def issue(cloud, channel):
    (server,) = signaling(cloud).get_ice_server_config(ChannelARN=channel, Service="TURN")["IceServerList"]
    return server


def as_ice_server(issued):
    return IceServer(urls=tuple(issued["Uris"]), username=issued["Username"], credential=issued["Password"])


def test_the_answer_has_the_shape_of_the_services(cloud, channel):
    """Three ways in this order, five minutes, and a name that says the channel: what our filters were written for."""
    looked_up = cloud.client("kinesisvideo").get_signaling_channel_endpoint(
        ChannelARN=channel,
        SingleMasterChannelEndpointConfiguration={"Protocols": ["HTTPS"], "Role": "MASTER"},
    )
    issued = issue(cloud, channel)

    assert looked_up["ResourceEndpointList"] == [
        {"Protocol": "HTTPS", "ResourceEndpoint": cloud.ports.endpoints()["services"]}
    ]
    at = f"127.0.0.1:{cloud.ports.relay}"
    assert issued["Uris"] == [
        f"turn:{at}?transport=udp",
        f"turns:{at}?transport=udp",
        f"turns:{at}?transport=tcp",
    ]
    assert issued["Ttl"] == 300
    assert base64.b64decode(issued["Username"].split(":")[1]).decode() == f"v1:{channel}"


@pytest.mark.parametrize("which", [0, 2], ids=["udp", "tls"])
async def test_the_credentials_open_the_relay(cloud, channel, which):
    """An emulated service, a real relay."""
    server = as_ice_server(issue(cloud, channel))
    trust = ssl.create_default_context(cafile=cloud.trust_file)

    async with await Allocation.open(server.urls[which], server, ssl_context=trust) as allocation:
        assert allocation.lifetime_seconds >= 300


def test_the_sixth_issue_within_a_second_is_refused(cloud, channel):
    """The limit that the pool exists for, and another channel has its own."""
    client = signaling(cloud)

    def refusal(_number):
        try:
            client.get_ice_server_config(ChannelARN=channel, Service="TURN")
        except ClientError as no:
            return no.response["Error"]["Code"]

    with ThreadPoolExecutor(
        10
    ) as at_once:  # a busy machine may not answer more than five a second one by one
        answers = list(at_once.map(refusal, range(40)))

    assert set(answers) == {None, "ClientLimitExceededException"}


async def test_a_channel_has_fifty_allocations(cloud, channel):
    """The other limit; every name that the channel issues counts towards it."""
    server = as_ice_server(issue(cloud, channel))
    held = await asyncio.gather(
        *(Allocation.open(server.urls[0], server) for _ in range(CHANNEL_ALLOCATIONS))
    )
    try:
        with pytest.raises(AllocationError) as refused:
            await Allocation.open(server.urls[0], server)
    finally:
        await asyncio.gather(*(one.close() for one in held))

    assert refused.value.code == 486


def test_a_channel_that_is_gone_says_so(cloud):
    """The pool drops it and asks the others."""
    gone = f"arn:aws:kinesisvideo:{REGION}:000000000000:channel/gone/1700000000000"

    with pytest.raises(ClientError) as refused:
        issue(cloud, gone)

    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("allowed", "asked", "succeeds"),
    [
        ("kinesisvideo:GetIceServerConfig", "same", True),
        ("kinesisvideo:GetIceServerConfig", "other", False),
        ("kinesisvideo:DescribeSignalingChannel", "same", False),
    ],
)
def test_a_right_is_for_one_action_on_one_channel(cloud, channel, allowed, asked, succeeds):
    """The door's role may ask its own pool and nothing else; a wildcard that crept in would show."""
    other = Stack(cloud.client("cloudformation"))
    wanted = channel if asked == "same" else other.create(CHANNEL, ARN)["Arn"]
    client = signaling(cloud, Keys(cloud, allowed, channel))
    try:
        client.get_ice_server_config(ChannelARN=wanted, Service="TURN")
        code = None
    except ClientError as no:
        code = no.response["Error"]["Code"]
    finally:
        if asked == "other":
            other.delete()

    assert code == (None if succeeds else "AccessDeniedException")


class Keys:
    """A user who may do one thing to one resource."""

    def __init__(self, cloud, action, resource):
        iam, name = cloud.client("iam"), f"issuer-{uuid.uuid4().hex[:8]}"
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        iam.create_user(UserName=name)
        iam.put_user_policy(
            UserName=name,
            PolicyName="one",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.access_key, self.secret_key = key["AccessKeyId"], key["SecretAccessKey"]
