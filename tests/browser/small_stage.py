"""A page with a door and an agent that do exactly what a test tells them.

The page, its server and the wire format are the real ones: the agent's frames are written by Pipecat's own
serializer.
"""

import asyncio
import contextlib
import math
import socket
import time
from array import array
from pathlib import Path

import uvicorn
from pipecat.frames.frames import InterruptionFrame, OutputAudioRawFrame, OutputTransportMessageFrame
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from websockets.asyncio.server import serve

from runtime.door.addresses import Addresses
from runtime.door.bodies import Candidates, Offer
from runtime.door.call_page import CONFIG, FILE, INDEX, CallPage
from runtime.settings.page import PageSettings
from scripts.embedded.issuer.app import Issuer
from scripts.embedded.issuer.codes import Codes
from scripts.embedded.issuer.requests import AUDIENCE, PUBLIC_CLIENT, SCOPES
from scripts.embedded.issuer.tokens import Tokens
from scripts.webpage.build import make_page

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "build/page"
AGENT_SPEAKS_HZ = 24_000
ANSWER = (Path(__file__).with_name("answer.sdp")).read_text().replace("\n", "\r\n")
"""What an agent says that has no address: enough for a browser to look for a path in vain."""
SESSION = "hotline-00000000-0000-4000-8000-000000000000"


class Agent:
    """The other end of the line."""

    def __init__(self):
        self.socket = None
        self.joined = asyncio.Event()
        self._serializer = ProtobufFrameSerializer()

    async def talk(self, socket):
        self.socket = socket
        async for payload in socket:
            frame = await self._serializer.deserialize(payload)
            if getattr(frame, "message", {}).get("type") == "client-ready":
                await self.tell("bot-ready", {"version": "2.2.0"})
                self.joined.set()

    async def tell(self, kind, data):
        message = {"label": "rtvi-ai", "type": kind, "id": "1", "data": data}
        await self._send(OutputTransportMessageFrame(message))

    async def hum(self, seconds):
        """Send a tone all at once, as a model that is faster than speech does."""
        samples = (
            round(12_000 * math.sin(2 * math.pi * 440 * n / AGENT_SPEAKS_HZ)) for n in range(AGENT_SPEAKS_HZ)
        )
        second = array("h", samples).tobytes()
        for _ in range(seconds):
            for start in range(0, len(second), 4800):
                await self._send(OutputAudioRawFrame(second[start : start + 4800], AGENT_SPEAKS_HZ, 1))

    async def interrupt(self):
        await self._send(InterruptionFrame())

    async def _send(self, frame):
        await self.socket.send(await self._serializer.serialize(frame))


ON_THE_INTERNET = Addresses()


ON_THE_INTERNET = Addresses()


class Door:
    """Answers as told."""

    def __init__(self, agent_url, relayed_agent):
        self.invitation = {"session_id": SESSION, "url": agent_url, "expires_in_seconds": 60, "limits": {}}
        self.refusal = None
        self.refuses_webrtc = False
        self.reason = ""
        self.holds = []
        self.reports = []
        self.tokens = []
        """Method, path and token of every request."""
        self._relayed_agent = relayed_agent

    async def admit(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        self.tokens.append((request.method, request.url.path, token))
        if scheme != "Bearer" or not token:
            return JSONResponse({"message": "Unauthorized"}, 401)
        return await self.answer(request)

    async def answer(self, request: Request) -> Response:
        refusal = self.refusal
        if self.refuses_webrtc and request.method == "POST" and b"webrtc" in await request.body():
            refusal = (503, "There is no relay.")
        if refusal:
            status, detail = refusal
            problem = {"title": "No", "detail": detail, "request_id": "r-1"}
            return JSONResponse(problem, status, media_type="application/problem+json")
        match request.method, request.url.path.rpartition("/")[2]:
            case "POST", "offer":
                return await self._offer(Offer.read(await request.body()))
            case "PATCH", "offer":
                found = Candidates.read(await request.body())
                found.to_agent(ON_THE_INTERNET)  # refuses what the door would refuse
                if self._relayed_agent:
                    await self._relayed_agent.add(found.candidates)
                return Response(status_code=204)
            case "POST", "stats":
                self.reports.append(await request.body())
                return Response(status_code=204)
            case "POST", _:
                return JSONResponse(self.invitation, 201)
            case _:
                return JSONResponse({"session_id": SESSION, "reason": self.reason or None})

    async def _offer(self, offer):
        self.holds.append(offer.hold)
        taken = offer.to_agent(ON_THE_INTERNET)["sdp"]
        sdp = await self._relayed_agent.answer(taken) if self._relayed_agent else ANSWER
        return JSONResponse({"type": "answer", "sdp": sdp})


class Stage:
    def __init__(self, url, settings, door, agent, relayed_agent):
        self.url = url
        self.issuer = settings.issuer
        self.agent_origin = settings.agent_origin
        self.door = door
        self.agent = agent
        self.relayed_agent = relayed_agent


@contextlib.asynccontextmanager
async def small_stage(relayed_agent=None, *, kind="oidc", renews=False):
    """A door, an agent and an issuer that do as they are told, and the page as its function serves it."""
    make_page(ROOT, PAGE)
    agent = Agent()
    async with (
        serve(agent.talk, "127.0.0.1", 0) as listening,
        served(lambda port: issuer_at(f"http://localhost:{port}", renews=renews)) as issuer_port,
    ):
        agent_origin = f"ws://localhost:{listening.sockets[0].getsockname()[1]}"
        issuer = f"http://localhost:{issuer_port}"
        door = Door(f"{agent_origin}/ws?X-Amz-Signature=abc", relayed_agent)
        settings = PageSettings(
            stage="small",
            agent_origin=agent_origin,
            before_call="path",
            auth_kind=kind,
            issuer=issuer,
            client_id=PUBLIC_CLIENT,
            scopes=" ".join(SCOPES),
            sign_in_origins=issuer,
            guests=True,
            embedded=True,  # shows the most
        )
        async with served(lambda _port: front(settings, door)) as port:
            yield Stage(f"http://localhost:{port}", settings, door, agent, relayed_agent)


def issuer_at(url, *, renews):
    issuer = (RenewingIssuer if renews else Issuer)(Tokens(url, AUDIENCE), Codes(), secret="unused")
    return issuer.application()


class RenewingIssuer(Issuer):
    """Hands out refresh tokens, as Cognito does; each is good once."""

    def __init__(self, tokens, codes, *, secret):
        super().__init__(tokens, codes, secret=secret)
        self._refreshes = {}

    def _granted(self, sent, authorization):
        if sent.get("grant_type") == "refresh_token":
            scopes = self._refreshes.pop(sent["refresh_token"])
            token = self._tokens.access("developer", client_id=PUBLIC_CLIENT, scopes=scopes)
            return {"access_token": token, "scope": " ".join(scopes)} | self._refresh(scopes)
        return super()._granted(sent, authorization) | self._refresh(SCOPES)

    def _refresh(self, scopes):
        refresh = f"refresh-{len(self._refreshes)}-{time.monotonic_ns()}"
        self._refreshes[refresh] = scopes
        return {"refresh_token": refresh}


def front(settings, door):
    """What CloudFront and the API are: routes to the page's function, and to the door for who shows a token."""
    page = CallPage(PAGE / "files", settings)

    async def file(request):
        key = {"/": INDEX, "/page/config.json": CONFIG}.get(request.url.path, FILE)
        answer = page.answer(key, request.path_params)
        return Response(answer["body"], answer["statusCode"], answer["headers"])

    methods = ["GET", "POST", "PATCH", "DELETE"]
    routes = [Route(path, file) for path in ("/", "/page/config.json", "/page/{version}/{file}")]
    routes += [
        Route(f"{root}/sessions{rest}", door.admit, methods=methods)
        for root in ("", "/guest")
        for rest in ("", "/{rest:path}")
    ]
    return Starlette(routes=routes)


@contextlib.asynccontextmanager
async def served(make_application):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who asks before the server serves waits for it, and is not refused
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            make_application(port), log_level="warning", lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield port
        finally:
            server.should_exit = True
            await serving
