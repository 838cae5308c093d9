"""Ask Kinesis Video for the relays of a signaling channel."""

import asyncio
import threading
from typing import Any, Protocol

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from turn.clients import Clients
from turn.errors import (
    ChannelGoneError,
    RelaysBusyError,
    RelaysRefusedError,
    RelaysUnreachableError,
    TurnError,
)
from turn.ice_server import IceServer

# The pool retries, on another channel; botocore would do it on the same one.
_ONE_TRY = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})

_THROTTLES = {
    "ClientLimitExceededException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_DENIALS = {"AccessDenied", "AccessDeniedException", "NotAuthorizedException"}

_REGION = 3
"""Where an ARN says its Region."""


class Signaling(Protocol):
    """Answers with the relays that a channel may use."""

    async def ice_servers(self, channel_arn: str) -> tuple[IceServer, ...]:
        """Return the relays of *channel_arn*.

        Raises:
            RelaysBusyError: The channel's rate is exceeded.
            ChannelGoneError: There is no such channel.
            RelaysRefusedError: Asking is forbidden.
            RelaysUnreachableError: There was no answer.
        """


class KinesisVideoSignaling:
    """Kinesis Video's two APIs; where a channel is asked is looked up once and remembered.

    Args:
        services_url: Where AWS answers when it is not AWS.
        clients: Makes the clients; by default nobody else's.
    """

    def __init__(self, *, services_url: str | None = None, clients: Clients | None = None) -> None:
        self._services_url = services_url
        self._aws = clients or Clients()
        self._lock = threading.Lock()
        self._lookups: dict[str, Any] = {}
        self._clients: dict[str, Any] = {}
        self._endpoints: dict[str, str] = {}

    async def ice_servers(self, channel_arn: str) -> tuple[IceServer, ...]:
        """Return the relays of *channel_arn*; see `Signaling`."""
        return await asyncio.to_thread(self._ask, channel_arn)

    def _ask(self, arn: str) -> tuple[IceServer, ...]:
        try:
            answer = self._client(arn).get_ice_server_config(ChannelARN=arn, Service="TURN")
        except ClientError as refused:
            raise _error_for(refused, arn) from refused
        except BotoCoreError as silent:
            self._endpoints.pop(arn, None)  # it may have moved
            raise RelaysUnreachableError(
                f"Kinesis Video does not answer for channel {_name(arn)} ({type(silent).__name__}).  Check the "
                "way out of the subnet (NAT gateway, TCP 443) and AWS's health page."
            ) from silent
        return tuple(
            IceServer(
                urls=tuple(server["Uris"]),
                username=server["Username"],
                credential=server["Password"],
                lifetime_seconds=server["Ttl"],
            )
            for server in answer["IceServerList"]
        )

    def _client(self, arn: str) -> Any:
        """Return the client for the endpoint of *arn*; a lookup per channel, a client per endpoint."""
        with self._lock:
            if arn not in self._endpoints:
                self._endpoints[arn] = self._look_up(arn)
            url = self._endpoints[arn]
            if url not in self._clients:
                self._clients[url] = self._make("kinesis-video-signaling", arn, url)
            return self._clients[url]

    def _look_up(self, arn: str) -> str:
        region = arn.split(":")[_REGION]
        if region not in self._lookups:
            self._lookups[region] = self._make("kinesisvideo", arn, self._services_url)
        answer = self._lookups[region].get_signaling_channel_endpoint(
            ChannelARN=arn,
            SingleMasterChannelEndpointConfiguration={"Protocols": ["HTTPS"], "Role": "MASTER"},
        )
        return str(answer["ResourceEndpointList"][0]["ResourceEndpoint"])

    def _make(self, service: str, arn: str, url: str | None) -> Any:
        return self._aws.make(service, region=arn.split(":")[_REGION], url=url, config=_ONE_TRY)


def _error_for(refused: ClientError, arn: str) -> TurnError:
    code = refused.response["Error"]["Code"]
    if code in _THROTTLES:
        return RelaysBusyError(
            f"Kinesis Video answers {code} for channel {_name(arn)}: it is asked more than 5 times a second.  "
            "Raise turn.peak_new_sessions_per_second of the stage and deploy."
        )
    if code == "ResourceNotFoundException":
        return ChannelGoneError(
            f"There is no signaling channel {_name(arn)} any more, so it issues no credentials.  Deploy every "
            "stack of the stage, so that each knows the present pool."
        )
    if code in _DENIALS:
        return RelaysRefusedError(
            f"Kinesis Video answers {code} for channel {_name(arn)}, so no relay credentials can be issued.  "
            "The role needs kinesisvideo:GetSignalingChannelEndpoint and kinesisvideo:GetIceServerConfig on "
            "it: deploy every stack of the stage."
        )
    return RelaysUnreachableError(
        f"Kinesis Video answers {code} for channel {_name(arn)}, which is neither credentials nor a limit.  "
        "Try again, and look at AWS's health page if it stays."
    )


def _name(arn: str) -> str:
    """Return a channel's name: its ARN tells the account to whoever reads the message."""
    return arn.split("/")[1]
