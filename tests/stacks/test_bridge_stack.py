"""The bridge for phone providers: what is open, what it may do, and that no call is cut."""

import hashlib
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from runtime.bridge import bridge, fetch
from runtime.bridge.main import PORT
from runtime.door.telephony import stream_tokens
from runtime.settings.bridge import BridgeSettings
from stacks.config import ConfigError, DeploymentConfig
from stacks.parts import bridge_front, bridge_service
from tests.stacks.deployment import CONTEXT, Deployment, synthesise
from tests.stacks.telephony import BRIDGE, BRIDGED


@pytest.fixture(scope="module")
def deployed() -> Deployment:
    return synthesise("dev", json.dumps({"telephony": BRIDGED}))


def statements(deployed: Deployment, of: str) -> dict[str, dict]:
    return {
        action: statement
        for logical_id, statement in deployed.statements("Bridge")
        if logical_id.startswith(of)
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }


def container(deployed: Deployment) -> dict:
    (only,) = deployed.the("Bridge", "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    return only


def attributes(resource: dict, name: str) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in resource[name]}


def test_a_stage_without_one_has_no_stack(dev):
    """A load balancer costs by the hour."""
    assert "Bridge" not in dev.templates


def test_there_is_no_finding(deployed):
    """cdk-nag's, beyond those that are acknowledged with a reason."""
    (report,) = deployed.findings["pluginReports"]

    assert report["violations"] == []


def test_one_path_of_one_name_is_open_and_only_over_tls(deployed):
    """Everything else is answered by the load balancer."""
    (listener,) = deployed.resources("Bridge", "AWS::ElasticLoadBalancingV2::Listener")
    rule = deployed.the("Bridge", "AWS::ElasticLoadBalancingV2::ListenerRule")

    assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
    assert "TLS13" in listener["SslPolicy"]
    assert listener["DefaultActions"][0]["FixedResponseConfig"] == {"StatusCode": "404"}
    assert json.dumps(rule["Conditions"]).count(bridge.STREAM) == 1
    assert BRIDGE["host_name"] in json.dumps(rule["Conditions"])


def test_ec2_takes_the_groups_descriptions(deployed):
    """It refuses an apostrophe, in the middle of a deployment; no shipped stage has a bridge for cfn-lint to look at."""
    groups = deployed.resources("Bridge", "AWS::EC2::SecurityGroup")
    texts = [one["GroupDescription"] for one in groups]
    texts += [rule["Description"] for one in groups for rule in one.get("SecurityGroupEgress", [])]

    assert all(re.fullmatch(r"[\w ._:/()#,@\[\]+=&;{}!$*-]{1,255}", text) for text in texts)


def test_only_the_load_balancer_reaches_a_task(deployed):
    """A task has no public address, and one port."""
    ways_in = deployed.resources("Bridge", "AWS::EC2::SecurityGroupIngress")
    service = deployed.the("Bridge", "AWS::ECS::Service")

    assert [(one["FromPort"], one["ToPort"]) for one in ways_in] == [(PORT, PORT)]
    assert "SourceSecurityGroupId" in ways_in[0]
    assert service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"


def test_the_bridge_may_redeem_tickets_and_connect_and_nothing_else(deployed):
    """Whoever takes over a task must not learn who called, wake agents, or open sessions."""
    rights = statements(deployed, "RolesTask")

    assert set(rights) == {
        "s3:GetObject",
        "dynamodb:UpdateItem",
        "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",
    }
    conditions = rights["dynamodb:UpdateItem"]["Condition"]
    assert conditions == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["ticket-of-*", "hotline-nobody"]}
    }


def test_what_the_bridge_may_touch_is_what_redeeming_touches():
    """An item more, and no call would come through; found out by the first caller."""
    client = boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="x",
    )
    sent: list[dict[str, Any]] = []

    def answer(params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        sent.append(json.loads(params["body"]))
        return SimpleNamespace(status_code=200), {}

    client.meta.events.register("before-call.dynamodb.UpdateItem", answer)
    # The first is to be told the time: a bridge that has just started knows none but its machine's.
    assert stream_tokens.StreamTokens(client, "ledger").redeem("hotline-1", "a ticket")
    keys = [one["Key"]["session_id"]["S"] for one in sent]

    assert keys == ["hotline-nobody", f"{stream_tokens.PREFIX}hotline-1"]


def test_fargate_may_write_the_log_and_nothing_else(deployed):
    """The image is public: no registry's rights."""
    assert set(statements(deployed, "RolesExecution")) == {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_the_container_is_an_image_without_us_and_a_program_that_fetches_us(deployed):
    """No Docker on the deployer's machine; what runs is pinned twice, by digest and by hash."""
    made = container(deployed)
    environment = attributes_of(made)

    assert made["Image"] == BRIDGE["image"]
    assert made["Command"] == ["python", "-c", Path(fetch.__file__).read_text()]
    assert made["User"] == bridge_service.NOBODY
    assert len(environment["BUNDLE_SHA256"]) == len(hashlib.sha256().hexdigest())


def test_the_template_sets_every_variable_that_the_bridge_reads(deployed):
    """A task that does not start is found out when somebody calls."""
    settings = BridgeSettings.from_environment(
        {
            name: value if isinstance(value, str) else "x"
            for name, value in attributes_of(container(deployed)).items()
        }
    )

    assert (settings.call_seconds, settings.streams_per_task) == (900, 50)


def attributes_of(made: dict) -> dict[str, Any]:
    return {one["Name"]: one["Value"] for one in made["Environment"]}


def test_a_new_version_cuts_nobody_off(deployed):
    """Fargate kills two minutes after it says so; the load balancer keeps a task as long as a call lasts."""
    group = deployed.the("Bridge", "AWS::ElasticLoadBalancingV2::TargetGroup")
    kept = attributes(group, "TargetGroupAttributes")["deregistration_delay.timeout_seconds"]

    assert int(kept) == 900 + bridge_front.FAREWELL_SECONDS
    assert container(deployed)["StopTimeout"] == 120
    assert (
        deployed.the("Bridge", "AWS::ECS::Service")["DeploymentConfiguration"]["MinimumHealthyPercent"] == 100
    )


def test_the_health_check_asks_what_the_bridge_answers(deployed):
    """Otherwise every task is replaced for ever."""
    group = deployed.the("Bridge", "AWS::ElasticLoadBalancingV2::TargetGroup")

    assert group["HealthCheckPath"] == bridge.HEALTH
    assert group["Port"] == PORT


def test_tasks_follow_the_calls(deployed):
    """By the bridge's own count: a load balancer's connections say nothing of who has no agent yet."""
    target = deployed.the("Bridge", "AWS::ApplicationAutoScaling::ScalableTarget")
    policy = deployed.the("Bridge", "AWS::ApplicationAutoScaling::ScalingPolicy")
    tracked = policy["TargetTrackingScalingPolicyConfiguration"]

    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 4)
    assert tracked["CustomizedMetricSpecification"]["MetricName"] == "BridgedStreams"
    assert tracked["TargetValue"] == 30


def test_the_door_sends_twilio_to_the_bridge(deployed):
    """The address is in the answer document."""
    values = [
        one["Environment"]["Variables"].get("HOTLINE_BRIDGE_URL")
        for one in deployed.resources("Door", "AWS::Lambda::Function")
    ]

    assert values.count(f"wss://{BRIDGE['host_name']}/stream") == 1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"bridge": None}, "add bridge"),
        (
            {"bridge": {**BRIDGE, "image": "public.ecr.aws/docker/library/python:3.13"}},
            "scripts/bridge-image",
        ),
        ({"bridge": {"kind": "fargate"}}, "telephony.bridge.image: is required and missing"),
        ({"bridge": {**BRIDGE, "host_name": "https://phone.hotline.invalid"}}, "host_name"),
        (
            {
                "bridge": {
                    **BRIDGE,
                    "certificate_arn": BRIDGE["certificate_arn"].replace("us-east-1", "eu-north-1"),
                }
            },
            "another Region",
        ),
        ({"bridge": {"kind": "process", "url": "ws://localhost:4574/stream"}}, "no provider reaches"),
        ({"bridge": {**BRIDGE, "least_tasks": 9}}, "below least_tasks"),
    ],
)
def test_what_cannot_work_is_said_at_once(change, complaint):
    """Before anything costs by the hour."""
    telephony = {key: value for key, value in {**BRIDGED, **change}.items() if value is not None}
    with pytest.raises(ConfigError) as fault:
        DeploymentConfig.for_stage("dev", CONTEXT["stages"], json.dumps({"telephony": telephony}))

    assert complaint in str(fault.value)
