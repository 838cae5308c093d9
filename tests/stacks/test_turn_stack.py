import json

import pytest

from tests.stacks.deployment import Deployment, synthesise

EXTERNAL = json.dumps(
    {
        "turn": {
            "kind": "external",
            "provider": "cloudflare",
            "secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:relays-AbCdEf",
        }
    }
)


@pytest.mark.parametrize(("stage", "channels"), [("dev", 1), ("prod", 6)])
def test_the_pool_is_sized_from_the_peaks(stage: str, channels: int):
    """100 calls of three allocations need six channels of 50; the fifth call of a second needs a second."""
    pool = synthesise(stage).resources("Turn", "AWS::KinesisVideo::SignalingChannel")

    assert len(pool) == channels
    assert {one["Type"] for one in pool} == {"SINGLE_MASTER"}


def test_the_pool_can_shrink(prod: Deployment):
    """CloudFormation would refuse to remove a channel that is exported to the door's stack."""
    assert not any("Export" in one for one in prod.templates["Turn"]["Outputs"].values())
    assert "Fn::GetStackOutput" in json.dumps(prod.templates["Door"])


def test_the_door_alone_mints_passwords_for_relays_and_only_of_its_own_pool(prod: Deployment):
    """A compromised agent has the relays of its own call, and can get no others."""
    assert not [one for _, one in prod.statements("Runtime") if "kinesisvideo" in json.dumps(one["Action"])]
    (statement,) = (one for _, one in prod.statements("Door") if "kinesisvideo" in json.dumps(one["Action"]))

    assert statement["Action"] == [
        "kinesisvideo:GetIceServerConfig",
        "kinesisvideo:GetSignalingChannelEndpoint",
    ]
    assert {one["Fn::GetStackOutput"]["StackName"] for one in statement["Resource"]} == {"Hotline-prod-Turn"}
    assert len(statement["Resource"]) == 6


def test_a_third_partys_key_stays_in_the_deployers_secret():
    """The template names it; nobody who reads the template has it."""
    deployed = synthesise("dev", EXTERNAL)
    (statement,) = (
        one for _, one in deployed.statements("Door") if one["Action"] == "secretsmanager:GetSecretValue"
    )

    assert statement["Resource"] == json.loads(EXTERNAL)["turn"]["secret_arn"]
    assert not deployed.templates["Turn"].get("Resources")
