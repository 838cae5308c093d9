"""The real CDK CLI puts the real app onto the embedded cloud, changes it, and takes it away."""

import asyncio
import functools
import socket
import threading
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from websockets.asyncio.client import connect

from scripts.calling.issuer import Issuer
from scripts.calling.running import deployed_on
from scripts.calling.sign_in import Client
from scripts.calling.sign_in import sign_in as scripts_sign_in
from scripts.embedded.cloud import EmbeddedCloud
from tests.embedded.conftest import free_base_port
from tests.embedded.waiting import until

TRIES = 4
"""On a busy machine an agent may start too late, and callers try again."""

STACKS = ("Network", "Turn", "Runtime", "Door", "Monitoring", "Billing")


@pytest.fixture(scope="module")
def deployed():
    """Everything, deployed once for this module, on a cloud that no other test has touched."""
    with EmbeddedCloud(base_port=free_base_port(), progress=lambda _line: None) as cloud:
        cloud.deploy()
        yield cloud


def outputs(cloud, stack):
    return cloud.outputs(f"Hotline-embedded-{stack}")


def call_door(cloud, method, path, *, body=b"", token=None):
    """Call the door with a token of the cloud's issuer; returns status and JSON."""
    url = outputs(cloud, "Door")["DoorUrl"].rstrip("/") + path
    token = token or deployed_on(cloud, "embedded").token()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    for _ in range(TRIES):
        answer = httpx.request(method, url, content=body, headers=headers, timeout=90, trust_env=False)
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            break
    return answer.status_code, answer.json()


def test_every_stack_is_there_with_what_other_programs_ask_for(deployed):
    """`scripts/call` and the scripts of a deployer find everything through these outputs."""
    assert {f"Hotline-embedded-{one}" for one in STACKS} <= set(deployed.stacks())
    assert outputs(deployed, "Runtime").keys() >= {"RuntimeArn", "EndpointName", "OrdersTable", "LedgerTable"}
    assert outputs(deployed, "Door").keys() >= {
        "DoorUrl",
        "AuthKind",
        "Issuer",
        "PageClientId",
        "SignInScopes",
    }


def test_the_default_security_group_is_empty(deployed):
    """The runbook that the template orders was really run."""
    groups = deployed.client("ec2").describe_security_groups()["SecurityGroups"]
    vpc = {one["VpcId"] for one in groups if one["GroupName"] != "default"}

    defaults = [one for one in groups if one["GroupName"] == "default" and one["VpcId"] in vpc]

    assert defaults
    assert not any(one["IpPermissions"] or one["IpPermissionsEgress"] for one in defaults)


async def test_the_door_opens_a_session_that_its_url_joins(deployed):
    """The whole way in: IAM, the deployed Lambda, its role's signature, the deployed agent."""
    status, session = call_door(deployed, "POST", "/sessions", body=b'{"transport": "websocket"}')
    assert status == 201, session

    path = f"/sessions/{session['session_id']}"
    async with connect(session["url"], proxy=None):
        await until(lambda: call_door(deployed, "GET", path)[1]["state"] == "active")

    assert call_door(deployed, "DELETE", path)[0] == 200
    assert call_door(deployed, "GET", path)[1]["state"] == "closed"


async def test_a_guest_calls_by_an_invite(deployed):
    """Who cannot sign in: sealed by KMS, judged by the deployed authorizer, good once, and heard by the agent."""
    status, made = call_door(deployed, "POST", "/invites")
    assert status == 201, made
    wanted = b'{"transport": "websocket"}'

    status, session = call_door(deployed, "POST", "/guest/sessions", body=wanted, token=made["invite"])
    assert status == 201, session
    path, token = f"/guest/sessions/{session['session_id']}", session["token"]
    async with connect(session["url"], proxy=None):
        await until(lambda: call_door(deployed, "GET", path, token=token)[1]["state"] == "active")

    assert call_door(deployed, "POST", "/guest/sessions", body=wanted, token=made["invite"])[0] == 410
    assert call_door(deployed, "DELETE", path, token=token)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer x"}, {"authorization": "AWS4-HMAC-SHA256 Credential=test/a/b/c/d"}],
)
def test_the_door_refuses_whoever_has_no_token(deployed, headers):
    """The door spends money; nobody may open it unknown."""
    url = outputs(deployed, "Door")["DoorUrl"].rstrip("/")

    answer = httpx.post(
        f"{url}/sessions", json={"transport": "websocket"}, headers=headers, timeout=30, trust_env=False
    )

    assert answer.status_code == 401


async def test_a_person_signs_in_and_calls_and_nobody_elses_call_is_theirs(deployed):
    """The whole way of a person: the issuer's page, its code, its token, the deployed gateway, the ledger."""
    alice, bob = [await sign_in(deployed, name) for name in ("alice", "bob")]
    status, session = call_door(
        deployed, "POST", "/sessions", body=b'{"transport": "websocket"}', token=alice
    )
    path = f"/sessions/{session['session_id']}"

    assert status == 201
    assert call_door(deployed, "GET", path, token=bob)[0] == 404
    assert call_door(deployed, "DELETE", path, token=bob)[0] == 404
    assert call_door(deployed, "DELETE", path, token=alice)[0] == 200


async def sign_in(cloud, name):
    """Do what a person's browser and `scripts/call` do together."""
    door = outputs(cloud, "Door")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        client = Client(
            client_id=door["TerminalClientId"], port=probe.getsockname()[1], scopes=door["SignInScopes"]
        )

    def browse(address):
        question = {key: value for key, (value,) in parse_qs(urlsplit(address).query).items()}
        headers = {"origin": door["Issuer"]}
        page = f"{door['Issuer']}/authorize"
        with httpx.Client(timeout=30, trust_env=False) as browser:
            answer = browser.post(page, data={**question, "name": name}, headers=headers)
            bring = functools.partial(httpx.get, answer.headers["location"], timeout=30, trust_env=False)
            threading.Thread(target=bring).start()

    return await asyncio.to_thread(
        functools.partial(scripts_sign_in, Issuer.discover(door["Issuer"]), client, tell=print, browse=browse)
    )


def test_a_changed_knob_is_an_update_of_what_is_there(deployed):
    """An update that replaced the runtime would cut every call and change its ARN."""
    before, channels = outputs(deployed, "Runtime")["RuntimeArn"], count_channels(deployed)
    logs = log_keys(deployed)

    deployed.deploy(
        overrides={
            "runtime": {"idle_seconds": 77},
            "turn": {"peak_concurrent_calls": 100},
            "monitoring": {"log_key": "own"},
        }
    )

    after = outputs(deployed, "Runtime")["RuntimeArn"]
    runtime_id = after.rsplit("/", 1)[-1]
    runtime = deployed.client("bedrock-agentcore-control").get_agent_runtime(agentRuntimeId=runtime_id)
    assert after == before
    assert runtime["agentRuntimeVersion"] == "2"
    assert "77" in runtime["environmentVariables"].values()
    assert count_channels(deployed) > channels
    (key,) = set(log_keys(deployed).values())
    assert log_keys(deployed) == dict.fromkeys(logs, key)
    assert logs == dict.fromkeys(logs)


def log_keys(cloud):
    """For each log group of the stacks the key that it is encrypted with, by its name and when it was made."""
    groups = cloud.client("logs").describe_log_groups()["logGroups"]
    return {
        (one["logGroupName"], one["creationTime"]): one.get("kmsKeyId")
        for one in groups
        if one.get("retentionInDays")
    }


@pytest.fixture(scope="module")
def smaller(deployed):
    """Fewer channels than before, and those behind a third party's relays, whose key somebody broke."""
    broken = deployed.client("secretsmanager").create_secret(Name="broken-key", SecretString="no key at all")
    external = {"kind": "external", "provider": "static", "secret_arn": broken["ARN"]}
    pool = {"kind": "managed", "peak_new_sessions_per_second": 1.0, "peak_concurrent_calls": 15}
    before = count_channels(deployed)
    deployed.deploy(overrides={"turn": {**external, "fallback": [pool]}})
    yield before, count_channels(deployed)
    deployed.client("secretsmanager").delete_secret(SecretId=broken["ARN"], ForceDeleteWithoutRecovery=True)


def test_a_pool_that_another_stack_uses_can_shrink(smaller):
    """A strong reference would make CloudFormation refuse this on the day that somebody saves money."""
    before, now = smaller

    assert 0 < now < before


@pytest.mark.usefixtures("smaller")
def test_the_door_falls_back_on_relays_that_stand_by(deployed):
    """A third party's key that somebody broke costs callers nothing, where a pool stands by."""
    status, session = call_door(deployed, "POST", "/sessions", body=b'{"transport": "webrtc"}')

    assert status == 201, session
    assert f":{deployed.ports.relay}?" in session["ice_servers"][0]["urls"][0]
    call_door(deployed, "DELETE", f"/sessions/{session['session_id']}")


@pytest.mark.usefixtures("smaller")
def test_the_logs_key_stays_when_no_log_uses_it_until_its_stack_is_deleted(deployed):
    """What it encrypted can be read as long as somebody wants to; then it costs nothing."""
    stack, client = "Hotline-embedded-LogKey", deployed.client("cloudformation")
    assert set(log_keys(deployed).values()) == {None}
    key = client.describe_stack_resources(StackName=stack)["StackResources"][0]["PhysicalResourceId"]
    keys = deployed.client("kms")
    assert keys.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"

    client.delete_stack(StackName=stack)

    client.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    assert keys.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def count_channels(cloud):
    return len(cloud.client("kinesisvideo").list_signaling_channels()["ChannelInfoList"])


def test_destroy_leaves_the_account_as_it_was(deployed):
    """What stays behind costs money: no stack, runtime, address, table, function or schedule may."""
    deployed.destroy()

    assert deployed.stacks() == ["CDKToolkit"]
    assert left_over(deployed) == []


def left_over(cloud):
    """Return the names of everything that a deployment makes and a destruction must take away."""
    asked = (
        ("bedrock-agentcore-control", "list_agent_runtimes", "agentRuntimes"),
        ("budgets", "describe_budgets", "Budgets"),
        ("dynamodb", "list_tables", "TableNames"),
        ("ec2", "describe_addresses", "Addresses"),
        ("ec2", "describe_flow_logs", "FlowLogs"),
        ("lambda", "list_functions", "Functions"),
        ("kinesisvideo", "list_signaling_channels", "ChannelInfoList"),
        ("scheduler", "list_schedules", "Schedules"),
        ("sns", "list_topics", "Topics"),
    )
    found = []
    for service, operation, key in asked:
        extra = {"AccountId": "000000000000"} if service == "budgets" else {}
        found += getattr(cloud.client(service), operation)(**extra).get(key, [])
    gateways = cloud.client("ec2").describe_nat_gateways()["NatGateways"]
    return found + [one for one in gateways if one["State"] != "deleted"]


@pytest.mark.parametrize("stage", ["prod", "coturn"])
def test_the_other_shipped_stages_deploy_too(deployed, stage):
    """They differ in network and relays; a template that CloudFormation refuses must fail before AWS does."""
    mail = {"alarm_email": "on-call@example.com"}

    deployed.deploy(stage, {"monitoring": mail, "billing": mail})
    assert {f"Hotline-{stage}-{one}" for one in STACKS} <= set(deployed.stacks())

    deployed.destroy()
    assert left_over(deployed) == []
