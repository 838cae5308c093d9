"""Kinesis Video Streams signaling channels: the resource type and the API that reads it.

Channels never carry signaling here: they exist because TURN credentials are asked for per channel.
"""

import json
import time
from typing import Any
from uuid import uuid4

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region
from ministack.services.cloudformation import provisioners

SERVICE = "kinesisvideo"
"""Name in the credential scope of a signed request."""

type Properties = dict[str, Any]
type Created = tuple[str, dict[str, Any]]
type Answer = tuple[int, dict[str, str], bytes]

_DEFAULT_MESSAGE_TTL_SECONDS = 60
_LONGEST_NAME = 256

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


class SignalingService:
    """Answers the calls of the `kinesisvideo` API that concern channels.

    Args:
        url: Where this MiniStack is reached, which is also every channel's endpoint.
    """

    def __init__(self, url: str) -> None:
        self._url = url

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
        return _error(400, "InvalidArgumentException", f"The embedded cloud does not serve {path}.")


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
