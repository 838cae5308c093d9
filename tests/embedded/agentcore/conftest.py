"""A deployed small agent, and a data plane whose clock the tests hold."""

import asyncio
import contextlib
import io
import json
import uuid
import zipfile
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from scripts.embedded.address import REGION
from scripts.embedded.agentcore.forwarding import FRAME_BYTES, SESSION_HEADER
from scripts.embedded.agentcore.server import Settings, open_data_plane
from scripts.embedded.handed import PlatformKeys
from scripts.embedded.listening import listen
from scripts.embedded.web_server import WebServer
from tests.embedded.waiting import until

IDLE_SECONDS, LIFETIME_SECONDS = 60, 600
TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}},
        }
    ]
}
RIGHTS = {"Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}


class Runtime:
    """A runtime that was created through the control plane's API."""

    def __init__(self, cloud, **environment):
        name = f"small_{uuid.uuid4().hex[:8]}"
        iam, s3 = cloud.client("iam"), cloud.client("s3")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(RIGHTS))
        bucket = name.replace("_", "-")
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="agent.zip", Body=bundle())
        self.control = cloud.client("bedrock-agentcore-control")
        code = {"s3": {"bucket": bucket, "prefix": "agent.zip"}}
        made = self.control.create_agent_runtime(
            agentRuntimeName=name,
            agentRuntimeArtifact={
                "codeConfiguration": {"code": code, "runtime": "PYTHON_3_13", "entryPoint": ["main.py"]}
            },
            roleArn=role,
            networkConfiguration={"networkMode": "PUBLIC"},
            environmentVariables={"DEPLOYED": "yes", **environment},
            lifecycleConfiguration={
                "idleRuntimeSessionTimeout": IDLE_SECONDS,
                "maxLifetime": LIFETIME_SECONDS,
            },
        )
        self.arn, self.id, self.role_name = made["agentRuntimeArn"], made["agentRuntimeId"], name
        self.control.create_agent_runtime_endpoint(agentRuntimeId=self.id, name="calls")


def bundle():
    """Return the small agent as a bundle; the package beside it would break if it were put on the path."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(Path(__file__).with_name("small_agent.py"), "main.py")
        archive.writestr("uvicorn/__init__.py", "raise ImportError('built for arm64')")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def runtime(cloud):
    return Runtime(cloud)


class Clock:
    """Unix time that stands still until a test moves it."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


class Plane:
    """A caller of the data plane, with the deployer's keys unless told otherwise."""

    def __init__(self, port, keys, runtime, http, logs):
        self.url = f"http://localhost:{port}"
        self.keys, self.runtime, self._http, self._logs = keys, runtime, http, logs

    def address(self, operation, *, qualifier="calls", arn=None):
        return (
            f"{self.url}/runtimes/{quote(arn or self.runtime.arn, safe='')}/{operation}?qualifier={qualifier}"
        )

    def sign(self, url, *, body=b"", session_id=None, method="POST", keys=None, **extra):
        """Return the headers of a signed request."""
        headers = {"content-type": "application/json", **extra}
        if session_id is not None:
            headers[SESSION_HEADER] = session_id
        request = AWSRequest(method, url, data=body, headers=headers)
        SigV4Auth(keys or self.keys, "bedrock-agentcore", REGION).add_auth(request)
        return dict(request.headers)

    async def invoke(self, order, session_id, *, runtime=None, keys=None, qualifier="calls", **extra):
        """Call InvokeAgentRuntime."""
        body = json.dumps(order).encode()
        url = self.address("invocations", qualifier=qualifier, arn=runtime and runtime.arn)
        headers = self.sign(url, body=body, session_id=session_id, keys=keys, **extra)
        return await self._http.post(url, content=body, headers=headers)

    async def stop(self, session_id, *, runtime=None):
        """Call StopRuntimeSession."""
        url = self.address("stopruntimesession", arn=runtime and runtime.arn)
        return await self._http.post(url, headers=self.sign(url, session_id=session_id))

    def printed(self, session_id):
        """Return what the session's agent has printed."""
        log = self._logs / f"{session_id}.log"
        return log.read_text() if log.exists() else ""

    async def polls(self, session_id):
        """Wait until the platform has asked the agent for its health twice more."""
        so_far = self.printed(session_id).count("ping")
        await until(lambda: self.printed(session_id).count("ping") > so_far + 1)

    def invitation(self, session_id, *, seconds=60, keys=None, url=None):
        """Return a pre-signed WebSocket URL, as the door makes it."""
        where = url or f"{self.address('ws')}&{SESSION_HEADER}={session_id}"
        request = AWSRequest("GET", where)
        SigV4QueryAuth(keys or self.keys, "bedrock-agentcore", REGION, expires=seconds).add_auth(request)
        return request.url.replace("http", "ws", 1)


@pytest.fixture
async def plane(cloud, runtime, clock, tmp_path):
    async with serving(cloud, runtime, clock, tmp_path) as one:
        yield one


@contextlib.asynccontextmanager
async def serving(cloud, runtime, clock, folder):
    listener = listen(0)
    keys = cloud.session().get_credentials().get_frozen_credentials()
    settings = Settings(
        port=listener.getsockname()[1],
        services_url=cloud.ports.endpoints()["services"],
        region=REGION,
        trust_file=cloud.trust_file,
        work=folder,
        keys=PlatformKeys(access_key=keys.access_key, secret=keys.secret_key, token=cloud.identity.token),
        clock=clock,
        poll_seconds=0.02,
    )
    async with open_data_plane(settings) as application, httpx.AsyncClient(timeout=30) as http:
        server = WebServer(application, settings.port, frame_bytes=FRAME_BYTES)
        task = asyncio.create_task(server.serve([listener]))
        deployer = Credentials(keys.access_key, keys.secret_key)
        yield Plane(settings.port, deployer, runtime, http, folder / "logs")
        server.should_exit = True
        await task


@pytest.fixture
def session_id():
    return f"session-{uuid.uuid4()}"
