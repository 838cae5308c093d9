"""Relay credentials as Pipecat's AgentCore example with Kinesis Video gets them: three requests, for each end anew."""

import json
import os
from typing import Any

import boto3

CHANNEL_NAME = "voice-agent-turn"


def ice_servers() -> list[dict[str, Any]]:
    """Ask Kinesis Video, and return the UDP URLs alone.

    What the embedded Kinesis Video issues leads to a relay on loopback; the laboratory's stands in for it.
    """
    channel = _channel()
    endpoint = boto3.client("kinesisvideo").get_signaling_channel_endpoint(
        ChannelARN=channel,
        SingleMasterChannelEndpointConfiguration={"Protocols": ["HTTPS"], "Role": "MASTER"},
    )["ResourceEndpointList"][0]["ResourceEndpoint"]
    signaling = boto3.client("kinesis-video-signaling", endpoint_url=endpoint)
    signaling.get_ice_server_config(ChannelARN=channel, Service="TURN")
    relay = json.loads(os.environ["RELAY"])
    # Kinesis Video's are all on port 443, and the agent's security group lets out no other.
    return [{**relay, "urls": [url for url in relay["urls"] if url.endswith(":443?transport=udp")]}]


def _channel() -> str:
    described = boto3.client("kinesisvideo").describe_signaling_channel(ChannelName=CHANNEL_NAME)
    return str(described["ChannelInfo"]["ChannelARN"])
