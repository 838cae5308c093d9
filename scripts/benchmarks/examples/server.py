"""The server between page and agent, as Pipecat's AgentCore examples have it: `python -m ...examples.server`.

It invokes the agent directly: the examples' requests pass AgentCore's data plane, which is left out here in
their favour.  The agent's process is what AgentCore's microVM is: it starts with the first invocation, unless
somebody asks for it before, which the examples cannot.
"""

import argparse
import asyncio
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from scripts.benchmarks.examples.relays import ice_servers

PAGE = Path(__file__).with_name("page.html")
START_SECONDS = 60.0
POLL_SECONDS = 0.01
_EVENT = "data: "


class Agent:
    """The agent's process, from the first invocation on.

    Args:
        command: Starts it.
        port: Where it listens then.
        http: What it is asked with.
    """

    def __init__(self, command: Sequence[str], port: int, http: httpx.AsyncClient) -> None:
        self._command = command
        self._port = port
        self._http = http
        self._url = f"http://127.0.0.1:{port}"
        self._process: asyncio.subprocess.Process | None = None
        self._streams: list[httpx.Response] = []

    async def awake(self) -> None:
        """Return when it answers; it ends with this server's process group."""
        if self._process is None:
            environment = {**os.environ, "PORT": str(self._port)}
            self._process = await asyncio.create_subprocess_exec(*self._command, env=environment)
        async with asyncio.timeout(START_SECONDS):
            while True:
                if await self._answers():
                    return
                await asyncio.sleep(POLL_SECONDS)

    async def invoke(self, payload: Mapping[str, Any], session_id: str, wanted: str) -> Any:
        """Send *payload* and return what the first event has under *wanted*; the stream goes on."""
        await self.awake()
        headers = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": session_id}
        asking = self._http.build_request("POST", f"{self._url}/invocations", json=payload, headers=headers)
        stream = await self._http.send(asking, stream=True)
        self._streams.append(stream)
        async for line in stream.aiter_lines():
            event = json.loads(line.removeprefix(_EVENT)) if line.startswith(_EVENT) else {}
            if wanted in event:
                return event[wanted]
        raise RuntimeError(f"The agent's stream ended without {wanted}.")

    async def _answers(self) -> bool:
        try:
            return (await self._http.get(f"{self._url}/ping")).is_success
        except httpx.TransportError:
            return False


class Routes:
    """What the page asks for."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def listed(self) -> list[Route]:
        """Return them all."""
        offers = "/sessions/{id}/api/offer"
        return [
            Route("/", self.page),
            Route("/awake", self.awake, methods=["POST"]),
            Route("/start", self.start, methods=["POST"]),
            Route(offers, self.offer, methods=["POST"]),
            Route(offers, self.candidates, methods=["PATCH"]),
        ]

    async def page(self, _request: Request) -> Response:
        """Return the page."""
        return HTMLResponse(PAGE.read_text())

    async def awake(self, _request: Request) -> Response:
        """Start the agent before it is needed."""
        await self._agent.awake()
        return Response(status_code=204)

    async def start(self, _request: Request) -> Response:
        """Return a session, and relays for the browser; like the example it asks for them within the loop."""
        return JSONResponse({"sessionId": str(uuid.uuid4()), "iceConfig": {"iceServers": ice_servers()}})

    async def offer(self, request: Request) -> Response:
        """Bring an offer to the agent."""
        payload = {"type": "offer", "data": await request.json()}
        return JSONResponse(await self._agent.invoke(payload, request.path_params["id"], "answer"))

    async def candidates(self, request: Request) -> Response:
        """Bring candidates to the agent."""
        payload = {"type": "ice-candidates", "data": await request.json()}
        done = await self._agent.invoke(payload, request.path_params["id"], "status")
        return JSONResponse({"status": done})


async def serve(port: int, agent_port: int, command: Sequence[str]) -> None:
    """Serve until ended."""
    async with httpx.AsyncClient(trust_env=False, timeout=None) as http:  # noqa: S113 - a stream lasts a call
        routes = Routes(Agent(command, agent_port, http)).listed()
        config = uvicorn.Config(Starlette(routes=routes), port=port, log_level="warning")
        await uvicorn.Server(config).serve()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--agent-port", type=int, required=True)
    parser.add_argument("agent", nargs="+", help="the command that starts the agent")
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.agent_port, options.agent))


if __name__ == "__main__":
    main()
