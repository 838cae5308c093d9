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


WITH_COTURN_BEHIND = json.dumps(
    {"turn": {"fallback": [{"kind": "coturn", "realm": "turn.hotline.test", "relays": 1}]}}
)
WITH_THE_POOL_BEHIND = json.dumps(
    {
        "turn": {
            "kind": "coturn",
            "realm": "turn.hotline.test",
            "relays": 1,
            "fallback": [
                {"kind": "managed", "peak_new_sessions_per_second": 5, "peak_concurrent_calls": 100}
            ],
        }
    }
)


def test_the_door_may_ask_relays_that_stand_in():
    """A fallback that the door has no right to is found out when it is needed."""
    deployed = synthesise("prod", WITH_COTURN_BEHIND)
    actions = json.dumps([one["Action"] for _, one in deployed.statements("Door")])

    assert "kinesisvideo:GetIceServerConfig" in actions
    assert "secretsmanager:GetSecretValue" in actions
    (variables,) = (
        one["Environment"]["Variables"]
        for one in deployed.resources("Door", "AWS::Lambda::Function")
        if "HOTLINE_TURN_KIND" in one.get("Environment", {}).get("Variables", {})
    )
    assert variables["HOTLINE_TURN_KIND"] == "managed"
    assert variables["HOTLINE_TURN_FALLBACK_1_KIND"] == "coturn"
    assert deployed.resources("Monitoring", "AWS::CloudWatch::Alarm")


def test_a_change_of_the_order_replaces_no_relay():
    """Relays that were behind the pool carry calls; they must not be made anew to come before it."""
    behind = synthesise("prod", WITH_COTURN_BEHIND).templates["Turn"]["Resources"]
    before = synthesise("prod", WITH_THE_POOL_BEHIND).templates["Turn"]["Resources"]

    assert behind == before


def test_what_turn_check_reads_is_there_for_every_kind():
    """A third party's relays make no stack, and are checked all the same."""
    for stage, overrides in (("dev", ""), ("dev", EXTERNAL), ("prod", WITH_COTURN_BEHIND)):
        assert "RelaySettings" in synthesise(stage, overrides).templates["Door"]["Outputs"]


def test_an_embedded_cloud_sends_nobody_to_a_server_of_aws():
    """It has no STUN server, and a laptop's callers must not tell AWS their address."""
    assert "stun.kinesisvideo" not in json.dumps(synthesise("embedded").templates["Door"])
    assert "stun:stun.kinesisvideo.us-east-1.amazonaws.com:443" in json.dumps(
        synthesise("dev").templates["Door"]
    )
