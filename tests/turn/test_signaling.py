import asyncio

import pytest

from tests.turn.answering_server import answering
from turn.errors import ChannelGoneError, RelaysBusyError, RelaysRefusedError, RelaysUnreachableError
from turn.signaling import KinesisVideoSignaling

CHANNELS = tuple(
    f"arn:aws:kinesisvideo:eu-north-1:111122223333:channel/hotline-test-{number}/1700000000000"
    for number in (1, 2)
)
URIS = [
    "turn:192-0-2-1.t-1.kinesisvideo.eu-north-1.amazonaws.com:443?transport=udp",
    "turns:192-0-2-1.t-1.kinesisvideo.eu-north-1.amazonaws.com:443?transport=udp",
    "turns:192-0-2-1.t-1.kinesisvideo.eu-north-1.amazonaws.com:443?transport=tcp",
]


@pytest.fixture
def kinesis_video():
    """Both APIs on one address, as the service's own documentation shows their answers."""

    def answer(request):
        if request.path == "/getSignalingChannelEndpoint":
            return 200, {"ResourceEndpointList": [{"Protocol": "HTTPS", "ResourceEndpoint": server.url}]}
        return server.issue(request)

    with answering(answer) as server:
        server.issue = lambda _: (
            200,
            {"IceServerList": [{"Username": "1:u", "Password": "p", "Ttl": 300, "Uris": URIS}]},
        )
        yield server


async def test_asks_as_the_service_wants_to_be_asked(kinesis_video):
    """A signed request for TURN, at the endpoint that belongs to the channel."""
    (server,) = await KinesisVideoSignaling(services_url=kinesis_video.url).ice_servers(CHANNELS[0])

    assert (server.urls, server.username, server.credential) == (tuple(URIS), "1:u", "p")
    assert server.lifetime_seconds == 300
    lookup, issue = kinesis_video.requests
    assert lookup.json() == {
        "ChannelARN": CHANNELS[0],
        "SingleMasterChannelEndpointConfiguration": {"Protocols": ["HTTPS"], "Role": "MASTER"},
    }
    assert (issue.path, issue.json()) == (
        "/v1/get-ice-server-config",
        {"ChannelARN": CHANNELS[0], "Service": "TURN"},
    )
    assert "/eu-north-1/kinesisvideo/aws4_request" in issue.headers["authorization"]


async def test_looks_up_each_channel_once(kinesis_video):
    """A call costs one request, not two, however many come at once."""
    signaling = KinesisVideoSignaling(services_url=kinesis_video.url)

    await asyncio.gather(*(signaling.ice_servers(CHANNELS[number % 2]) for number in range(12)))

    assert kinesis_video.paths().count("/getSignalingChannelEndpoint") == 2
    assert kinesis_video.paths().count("/v1/get-ice-server-config") == 12


@pytest.mark.parametrize(
    ("code", "error", "advice"),
    [
        ("ClientLimitExceededException", RelaysBusyError, r"Raise turn\.peak_new_sessions_per_second"),
        ("ThrottlingException", RelaysBusyError, r"Raise turn\.peak_new_sessions_per_second"),
        ("ResourceNotFoundException", ChannelGoneError, "Deploy every stack"),
        ("AccessDeniedException", RelaysRefusedError, "kinesisvideo:GetIceServerConfig"),
        ("InternalFailure", RelaysUnreachableError, "health page"),
    ],
)
async def test_says_what_to_do_about_a_refusal(kinesis_video, code, error, advice):
    """Each refusal has another remedy; none names the account."""
    kinesis_video.issue = lambda _: (400, {"Message": "no"}, {"x-amzn-ErrorType": code})

    with pytest.raises(error, match=advice) as raised:
        await KinesisVideoSignaling(services_url=kinesis_video.url).ice_servers(CHANNELS[0])

    assert type(raised.value) is error
    assert code in str(raised.value) or error is ChannelGoneError
    assert "111122223333" not in str(raised.value)


async def test_a_service_that_is_away_is_asked_once_and_named():
    """botocore's own tries on the same channel would eat the caller's patience."""
    with pytest.raises(RelaysUnreachableError, match=r"hotline-test-1 \(EndpointConnectionError\)"):
        await KinesisVideoSignaling(services_url="http://127.0.0.1:9").ice_servers(CHANNELS[0])


async def test_an_endpoint_that_moved_is_looked_up_again(kinesis_video):
    """A remembered endpoint that died must not close the channel for ever."""
    signaling = KinesisVideoSignaling(services_url=kinesis_video.url)
    signaling._endpoints[CHANNELS[0]] = "http://127.0.0.1:9"

    with pytest.raises(RelaysUnreachableError):
        await signaling.ice_servers(CHANNELS[0])

    assert await signaling.ice_servers(CHANNELS[0])
