"""The door behind a gateway that really verifies tokens, put there by CloudFormation.

Real are the constructs that a stage deploys (API, authorizer, function, role, table), the function's code, and
MiniStack, which runs them; the issuer is the embedded cloud's own, in this process, so that a test can sign
whatever an attacker would like to have signed.  AgentCore stands in, and remembers what it was asked.
"""

import io
import json
import ssl
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import httpx

from scripts.embedded.address import REGION
from scripts.embedded.clients import make_client
from scripts.embedded.issuer.requests import AUDIENCE
from scripts.embedded.issuer.tokens import Tokens
from stacks.config import DoorConfig, GuestsConfig, OidcAuthConfig
from stacks.parts.callers import Callers, IamCallers, IssuerCallers
from stacks.parts.door_api import DoorApi
from stacks.parts.door_function import DoorFunction
from stacks.parts.guest_gate import GuestGate
from stacks.parts.log_keeping import LogKeeping
from stacks.parts.session_ledger import SessionLedger
from tests.door.ministack import KEYS, ministack
from tests.door.settings import settings_of_a_door
from tests.door.stand_in import RUNTIME_ARN, StandInAgentCore, standing_in
from tests.embedded.issuer.serving import issuing
from turn.settings import CoturnSettings

SCOPE = "call"
STAGE = "attacked"
# Throttles are a test of their own; in the others they would refuse the attacks for the wrong reason.
UNTHROTTLED = DoorConfig(requests_per_second=1_000, request_burst=2_000, new_session_burst=2_000)
UNCAPPED = dict.fromkeys(("concurrency", "sessions_per_caller", "sessions_per_caller_and_minute"), 1_000)
STACK = "Door"
LOGS = LogKeeping(days=1)
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""The gateway is on this machine; reading every authority there is would take longer than asking it."""
CREATE_ROUNDS = 120
CREATE_POLL_SECONDS = 0.25


@dataclass
class RealGateway:
    """The door's address, and what is behind it."""

    url: str
    tokens: Tokens
    agentcore: StandInAgentCore
    client: Callable[[str], Any]
    """boto3 clients of its account, by the names of services."""
    table: str

    def send(self, method: str, path: str, **what: Any) -> httpx.Response:
        """Send a request as it is."""
        return httpx.request(method, self.url + path, timeout=30, trust_env=False, verify=NO_TLS, **what)

    def ask(self, method: str, path: str, token: str | None, body: object = None) -> httpx.Response:
        """Send a request with *token*, as anybody on the internet can."""
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return self.send(method, path, headers=headers, json=body)

    def open(self, token: str | None, transport: str = "websocket") -> httpx.Response:
        """Ask for a session."""
        return self.ask("POST", "/sessions", token, {"transport": transport})

    def traces(self) -> tuple[list[dict[str, Any]], list[Any], list[str]]:
        """Everything that a request can leave: items of the ledger, and what AgentCore was asked and told."""
        rows = sorted(self.client("dynamodb").scan(TableName=self.table)["Items"], key=json.dumps)
        return rows, list(self.agentcore.asked), list(self.agentcore.stopped)


@contextmanager
def real_gateway(
    folder: Path,
    *,
    config: DoorConfig = UNTHROTTLED,
    guests: GuestsConfig | None = None,
    iam: bool = False,
    **limits: Any,
) -> Iterator[RealGateway]:
    """Deploy the door for the block, with *limits* among its settings; with *iam* its callers sign."""
    with standing_in() as agentcore, issuing() as tokens, ministack(folder) as services:

        @cache
        def client(service: str) -> Any:
            return make_client(service, url=services, region=REGION, **KEYS)

        callers = IamCallers() if iam else IssuerCallers(believing(tokens.issuer))
        stage = Stage(config, guests, limits, agentcore.url)
        template, code = synthesised(folder / "cdk.out", callers, stage)
        outputs = deploy(client, template, code)
        yield RealGateway(outputs["Url"], tokens, agentcore, client, outputs["Table"])


def believing(issuer: str) -> OidcAuthConfig:
    """Return the section `auth` of a stage that lets in whom *issuer* knows."""
    return OidcAuthConfig(
        kind="oidc", issuer=issuer, audiences=(AUDIENCE,), client_id="page", required_scopes=(SCOPE,)
    )


@dataclass(frozen=True)
class Stage:
    """What is deployed."""

    config: DoorConfig
    guests: GuestsConfig | None
    limits: Mapping[str, Any]
    agentcore_url: str


def synthesised(folder: Path, callers: Callers, deployed: Stage) -> tuple[dict[str, Any], Path]:
    """Return the door's template, and the folder with its function's code."""
    app = cdk.App(outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, STACK, synthesizer=cdk.LegacyStackSynthesizer())
    ledger, gate = SessionLedger(stack, "Ledger"), None
    if deployed.guests:
        gate = GuestGate(stack, "Guests", config=deployed.guests, stage=STAGE, region=REGION, logs=LOGS)
    door = DoorFunction(
        stack,
        "Requests",
        handler="handlers.handle_request",
        description="opens sessions",
        timeout=cdk.Duration.seconds(25),
        environment={**_environment(ledger.name, deployed), **(gate.environment if gate else {})},
        reserved_concurrency=0,
        logs=LOGS,
    )
    ledger.grant_open(door.role)
    api = DoorApi(stack, "Api", config=deployed.config, logs=LOGS)
    api.serve(door.function, callers)
    if gate and deployed.guests:
        gate.grant_invite(door.role)
        api.serve_guests(callers, gate.authorizer, deployed.guests)
    cdk.CfnOutput(stack, "Url", value=api.url)
    cdk.CfnOutput(stack, "Table", value=ledger.name)
    assembly = app.synth()
    (code,) = [one for one in folder.glob("asset.*") if one.is_dir()]
    return assembly.get_stack_by_name(STACK).template, code


def _environment(table: str, deployed: Stage) -> dict[str, str]:
    settings = settings_of_a_door(
        stage=STAGE,
        ledger_table=table,
        allowed_origins=" ".join(deployed.config.allowed_origins),
        agentcore_url=deployed.agentcore_url,
        **{**UNCAPPED, **deployed.limits},
    )
    relays = CoturnSettings(addresses=("192.0.2.7",), realm="turn.test", secret_arn=RUNTIME_ARN)
    return {**settings.to_environment(), **relays.to_environment()}


def deploy(client: Any, template: dict[str, Any], code: Path) -> dict[str, str]:
    """Create the stack, and return its outputs."""
    s3, cloudformation = client("s3"), client("cloudformation")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="door.zip", Body=_zipped(code))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = {"S3Bucket": "code", "S3Key": "door.zip"}
    parameters = [
        {"ParameterKey": name, "ParameterValue": "unused"} for name in template.get("Parameters", {})
    ]
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=parameters,
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName=STACK, WaiterConfig={"Delay": CREATE_POLL_SECONDS, "MaxAttempts": CREATE_ROUNDS})
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()
