"""Kinesis Video Streams signaling channels: the resource type, and the APIs that read it and issue credentials.

Channels never carry signaling here: they exist because TURN credentials are asked for per channel.
"""

import base64
import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from ministack.core import iam_actions
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region
from ministack.services.cloudformation import provisioners

from turn.credentials import password_for, username_for
from turn.rate_limit import RateLimit

SERVICE = "kinesisvideo"
"""Name in the credential scope of a signed request."""

type Properties = dict[str, Any]
type Created = tuple[str, dict[str, Any]]
type Answer = tuple[int, dict[str, str], bytes]

_DEFAULT_MESSAGE_TTL_SECONDS = 60
_LONGEST_NAME = 256

ISSUES_PER_SECOND = 5
"""Of credentials, for each channel; a hard limit (kvswebrtc-limits.md, WebRTC developer guide)."""
LIFETIME_SECONDS = 300
"""Of credentials: a hard limit, too."""

_ACTIONS = {
    "/describeSignalingChannel": "DescribeSignalingChannel",
    "/getSignalingChannelEndpoint": "GetSignalingChannelEndpoint",
    "/listSignalingChannels": "ListSignalingChannels",
    "/v1/get-ice-server-config": "GetIceServerConfig",
}

_channels: Any = AccountRegionScopedDict()


def handlers() -> dict[str, dict[str, Any]]:
    """Return the handlers by resource type."""
    return {"AWS::KinesisVideo::SignalingChannel": {"create": _create, "update": _update, "delete": _delete}}


def _create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    name = properties.get("Name") or provisioners._physical_name(
        stack_name, logical_id, max_len=_LONGEST_NAME
    )
    if name in _channels:
        raise ValueError(f"Signaling channel {name!r} already exists.")
    created_at = time.time()
    arn = f"arn:aws:kinesisvideo:{get_region()}:{get_account_id()}:channel/{name}/{int(created_at * 1000)}"
    _channels[name] = {
        "ChannelName": name,
        "ChannelARN": arn,
        "ChannelType": properties.get("Type", "SINGLE_MASTER"),
        "ChannelStatus": "ACTIVE",
        "CreationTime": created_at,
    }
    return _update(name, {}, properties, stack_name)


def _update(physical_id: str, _old: Properties, new: Properties, _stack_name: str) -> Created:
    lifetime = int(new.get("MessageTtlSeconds", _DEFAULT_MESSAGE_TTL_SECONDS))
    _channels[physical_id] |= {
        "SingleMasterConfiguration": {"MessageTtlSeconds": lifetime},
        "Version": uuid4().hex[:20],
    }
    return physical_id, {"Arn": _channels[physical_id]["ChannelARN"]}


def _delete(physical_id: str, _properties: Properties) -> None:
    _channels.pop(physical_id, None)


@dataclass(frozen=True, slots=True)
class ManagedRelay:
    """The relay that stands for those of Kinesis Video."""

    host: str
    port: int
    secret: str = field(repr=False)

    def credentials(self, channel_arn: str) -> dict[str, Any]:
        """Return an entry of `IceServerList`, shaped as AWS's (public captures of the service).

        The relay counts allocations by what stands behind the expiry, so by channel; AWS's password is longer.
        """
        name = base64.b64encode(f"v1:{channel_arn}".encode()).decode()
        username = username_for(name, expires_at=int(time.time()) + LIFETIME_SECONDS)
        at = f"{self.host}:{self.port}"
        return {
            # The second is TURN over DTLS: AWS offers it first among the secure ones, the relay here does not.
            "Uris": [
                f"turn:{at}?transport=udp",
                f"turns:{at}?transport=udp",
                f"turns:{at}?transport=tcp",
            ],
            "Username": username,
            "Password": password_for(username, secret=self.secret),
            "Ttl": LIFETIME_SECONDS,
        }


def authorize_by_channel() -> None:
    """Have calls judged against the channel that they name; MiniStack lets a service pass that it does not know."""
    action_of, resource_of = iam_actions.extract_iam_action, iam_actions.extract_resource_arn

    def action(service: str, method: str, path: str, *rest: Any) -> str | None:
        if service == SERVICE:
            return f"{SERVICE}:{_ACTIONS.get(path, path)}"
        found: str | None = action_of(service, method, path, *rest)
        return found

    def resource(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> str:
        if service == SERVICE:
            request = json.loads(body or b"{}")
            channel = _find(request)
            return str(channel["ChannelARN"] if channel else request.get("ChannelARN", "*"))
        found: str = resource_of(service, method, path, headers, body, *rest)
        return found

    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = resource


class SignalingService:
    """Answers the calls of `kinesisvideo` that concern channels, and of `kinesis-video-signaling` that issue.

    Args:
        url: Where this MiniStack is reached, which is also every channel's endpoint.
        relay: What credentials are issued for.
    """

    def __init__(self, url: str, relay: ManagedRelay) -> None:
        self._url = url
        self._relay = relay
        self._limits: dict[str, RateLimit] = defaultdict(lambda: RateLimit(ISSUES_PER_SECOND, 1.0))

    async def handle(
        self, _method: str, path: str, _headers: dict[str, str], body: bytes, _query: dict[str, Any]
    ) -> Answer:
        """Answer one request, in the form that MiniStack calls its services."""
        request = json.loads(body or b"{}")
        if path == "/listSignalingChannels":
            return _json(200, {"ChannelInfoList": list(_channels.values())})
        channel = _find(request)
        if channel is None:
            return _error(
                404, "ResourceNotFoundException", "The requested channel is not found or not active."
            )
        if path == "/describeSignalingChannel":
            return _json(200, {"ChannelInfo": channel})
        if path == "/getSignalingChannelEndpoint":
            wanted = request.get("SingleMasterChannelEndpointConfiguration", {}).get("Protocols", ["HTTPS"])
            endpoints = [{"Protocol": one, "ResourceEndpoint": self._url} for one in wanted]
            return _json(200, {"ResourceEndpointList": endpoints})
        if path == "/v1/get-ice-server-config":
            return self._issue(channel["ChannelARN"])
        return _error(400, "InvalidArgumentException", f"The embedded cloud does not serve {path}.")

    def _issue(self, arn: str) -> Answer:
        limit, now = self._limits[arn], time.monotonic()
        if limit.next_at(now) > now:
            return _error(400, "ClientLimitExceededException", "Rate exceeded")
        limit.take(now)
        return _json(200, {"IceServerList": [self._relay.credentials(arn)]})


def _find(request: dict[str, Any]) -> dict[str, Any] | None:
    named = (request.get("ChannelARN"), request.get("ChannelName"))
    return next(
        (one for one in _channels.values() if one["ChannelARN"] in named or one["ChannelName"] in named), None
    )


def _json(status: int, body: dict[str, Any]) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def _error(status: int, code: str, message: str) -> Answer:
    answer = _json(status, {"Message": message})
    answer[1]["x-amzn-errortype"] = code
    return answer
