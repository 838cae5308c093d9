"""The plain agent over WebRTC, as Pipecat's AgentCore examples put it together.

An invocation brings the offer and stays open as a stream of server-sent events; the answer is one of them.
Relay credentials are asked for when the offer is there, and the pipeline is made when the answer is out.
"""

import os
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiortc import RTCIceServer
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import (
    IceCandidate,
    SmallWebRTCPatchRequest,
    SmallWebRTCRequest,
    SmallWebRTCRequestHandler,
)
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport

from scripts.benchmarks.examples.relays import ice_servers
from scripts.benchmarks.plain_agent import app, run_bot

handler: SmallWebRTCRequestHandler


@app.entrypoint  # type: ignore[untyped-decorator]
async def invoke(
    payload: Mapping[str, Any],
    context: object,  # noqa: ARG001 - bedrock-agentcore goes by the name
) -> AsyncIterator[dict[str, Any]]:
    """Take an offer and hold the call, or take candidates."""
    if payload["type"] == "offer":
        async for event in call(SmallWebRTCRequest.from_dict(payload["data"])):
            yield event
    else:
        found = [IceCandidate(**one) for one in payload["data"]["candidates"]]
        await handler.handle_patch_request(
            SmallWebRTCPatchRequest(pc_id=payload["data"]["pc_id"], candidates=found)
        )
        yield {"status": "success"}


async def call(request: SmallWebRTCRequest) -> AsyncIterator[dict[str, Any]]:
    """Answer *request*, and hold its call."""
    global handler  # noqa: PLW0603 - as the example does: a process has one call
    transports: list[SmallWebRTCTransport] = []

    async def connected(connection: SmallWebRTCConnection) -> None:
        params = TransportParams(audio_in_enabled=True, audio_out_enabled=True)
        transports.append(SmallWebRTCTransport(connection, params))

    yield {"status": "initializing connection"}
    handler = SmallWebRTCRequestHandler(ice_servers=[RTCIceServer(**one) for one in ice_servers()])
    yield {"answer": await handler.handle_web_request(request, connected)}
    await run_bot(transports[0])


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]))
