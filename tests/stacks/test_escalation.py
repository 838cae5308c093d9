"""People that callers are handed over to: what is deployed for it, and what the agent may do."""

import json

import pytest

from stacks.config import ConfigError, DeploymentConfig
from tests.stacks.deployment import CONTEXT, Deployment, synthesise
from tests.stacks.telephony import TELEPHONY
from tests.stacks.test_runtime_stack import rights

CALLBACK = {"kind": "callback", "email": "people@hotline.invalid", "keep_days": 3}
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:queue-AbCdEf"
QUEUE = {"kind": "webhook", "url": "https://queue.hotline.invalid/callers", "secret_arn": SECRET}


@pytest.fixture(scope="module")
def callback() -> Deployment:
    return synthesise("dev", json.dumps({"escalation": CALLBACK, "telephony": TELEPHONY}))


@pytest.fixture(scope="module")
def queue() -> Deployment:
    return synthesise("dev", json.dumps({"escalation": QUEUE}))


def environment(deployed: Deployment) -> dict:
    return deployed.the("Runtime", "AWS::BedrockAgentCore::Runtime")["EnvironmentVariables"]


def callbacks_table(deployed: Deployment) -> dict:
    (found,) = (
        one for one in deployed.resources("Runtime", "AWS::DynamoDB::Table") if "SSESpecification" in one
    )
    return found


def test_numbers_are_encrypted_with_a_key_of_their_own_and_forgotten(callback):
    """They are the most personal thing that a stage keeps."""
    table = callbacks_table(callback)

    assert table["SSESpecification"]["SSEType"] == "KMS"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert callback.the("Runtime", "AWS::KMS::Key")["EnableKeyRotation"]
    assert environment(callback)["HOTLINE_CALLBACK_DAYS"] == "3"


def test_people_hear_of_a_caller_over_an_encrypted_topic(callback):
    """An SNS topic without a key keeps its messages readable."""
    topic = callback.the("Runtime", "AWS::SNS::Topic")
    subscription = callback.the("Runtime", "AWS::SNS::Subscription")

    assert "KmsMasterKeyId" in topic
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", CALLBACK["email"])


def test_the_agent_adds_callers_and_can_read_none(callback, dev):
    """Whoever takes over an agent must not get the list of everybody who asked for a person."""
    more = set(rights(callback)) - set(rights(dev))
    of_table = [
        statement["Action"]
        for _, statement in callback.statements("Runtime")
        if "CallbacksTable" in json.dumps(statement["Resource"])
    ]

    assert more == {
        "dynamodb:PutItem", "sns:Publish", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey",
    }  # fmt: skip
    assert of_table == ["dynamodb:PutItem"]


def test_the_key_serves_the_two_services_only(callback):
    """With Decrypt alone the agent could read whatever ciphertext it finds."""
    (statement,) = (
        one
        for logical_id, one in callback.statements("Runtime")
        if logical_id.startswith("AgentRole") and "kms:Decrypt" in one["Action"]
    )

    assert statement["Condition"] == {
        "StringEquals": {
            "kms:ViaService": ["dynamodb.us-east-1.amazonaws.com", "sns.us-east-1.amazonaws.com"]
        }
    }


def test_a_queue_needs_one_secret(queue, dev):
    """Nothing is stored, so nothing is deployed."""
    assert set(rights(queue)) - set(rights(dev)) == {"secretsmanager:GetSecretValue"}
    assert rights(queue)["secretsmanager:GetSecretValue"] == {json.dumps(SECRET)}
    assert environment(queue)["HOTLINE_QUEUE_URL"] == QUEUE["url"]
    assert not queue.resources("Runtime", "AWS::SNS::Topic")


@pytest.mark.parametrize("stage", ["callback", "queue"])
def test_there_is_no_finding(request, stage):
    """cdk-nag's, beyond those that are acknowledged with a reason."""
    report = request.getfixturevalue(stage).findings

    assert [one for one in report["pluginReports"] if one["violations"]] == []


@pytest.mark.parametrize(("escalation", "told"), [({"escalation": CALLBACK}, "True"), ({}, None)])
def test_agents_learn_callers_numbers_only_where_they_call_back(escalation, told):
    """What an agent does not know, nobody gets out of it."""
    knobs = {**escalation, "telephony": TELEPHONY}
    functions = synthesise("dev", json.dumps(knobs)).resources("Door", "AWS::Lambda::Function")
    (entry,) = (
        one["Environment"]["Variables"]
        for one in functions
        if "HOTLINE_PHONE_LINES" in one.get("Environment", {}).get("Variables", {})
    )

    assert entry.get("HOTLINE_TELLS_NUMBERS") == told


def test_a_mail_that_reaches_nobody_is_no_call_back(callback):
    """CloudFormation refuses the stack, as for alarms."""
    rule = callback.templates["Runtime"]["Rules"]["AlarmsReachSomebody"]

    assert "escalation.email" in json.dumps(rule)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({**QUEUE, "url": "http://queue.hotline.invalid"}, "https"),
        ({**QUEUE, "url": "https://user@queue.hotline.invalid"}, "without a user"),
        ({**QUEUE, "secret_arn": SECRET.replace("us-east-1", "eu-north-1")}, "another Region"),
        ({**CALLBACK, "keep_days": 400}, "90"),
        ({**CALLBACK, "email": "nobody"}, "no e-mail address"),
        ({"kind": "shout"}, "callback"),
    ],
)
def test_what_cannot_work_is_said_at_once(change, complaint):
    """A caller's number must not go anywhere by mistake."""
    with pytest.raises(ConfigError) as fault:
        DeploymentConfig.for_stage("dev", CONTEXT["stages"], json.dumps({"escalation": change}))

    assert complaint in str(fault.value)
