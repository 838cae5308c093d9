import json
import re
import subprocess
from ipaddress import ip_address

import pytest

from stacks.parts.relay_instances import COTURN
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


def user_data(coturn: Deployment) -> str:
    """Return what an instance of `coturn` runs at boot, with references as `${Name}`."""
    template = coturn.the("Turn", "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    parts = template["UserData"]["Fn::Base64"]["Fn::Join"][1]
    return "".join(one if isinstance(one, str) else f"${{{json.dumps(one)}}}" for one in parts)


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
    (statement,) = (
        one for _, one in prod.statements("Door") if "kinesisvideo" in json.dumps(one["Action"])
    )

    assert statement["Action"] == [
        "kinesisvideo:GetIceServerConfig",
        "kinesisvideo:GetSignalingChannelEndpoint",
    ]
    assert {one["Fn::GetStackOutput"]["StackName"] for one in statement["Resource"]} == {"Hotline-prod-Turn"}
    assert len(statement["Resource"]) == 6


def test_every_relay_of_ours_has_an_address_and_a_group_of_its_own(coturn: Deployment):
    """A broken relay is replaced by itself and keeps the address that callers know."""
    groups = coturn.resources("Turn", "AWS::AutoScaling::AutoScalingGroup")
    addresses = [
        tag["Value"]["Ref"] for one in groups for tag in one["Tags"] if tag["Key"] == "hotline-address"
    ]

    assert {(one["MinSize"], one["MaxSize"]) for one in groups} == {("1", "1")}
    assert len(set(addresses)) == len(groups) == len(coturn.resources("Turn", "AWS::EC2::EIP")) == 2


def test_relays_are_hardened(coturn: Deployment):
    """A relay stands in the open: no stolen metadata, no readable disk, no SSH."""
    template = coturn.the("Turn", "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    (disk,) = template["BlockDeviceMappings"]
    group = coturn.the("Turn", "AWS::EC2::SecurityGroup")

    assert template["MetadataOptions"]["HttpTokens"] == "required"
    assert template["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert disk["Ebs"]["Encrypted"] is True
    assert "KeyName" not in template
    assert {(one["IpProtocol"], one["FromPort"], one["ToPort"]) for one in group["SecurityGroupIngress"]} == {
        ("tcp", 443, 443),
        ("udp", 443, 443),
        ("tcp", 3478, 3478),
        ("udp", 3478, 3478),
        ("udp", 49152, 50175),
    }


def test_a_relay_can_take_only_the_addresses_of_its_stack(coturn: Deployment):
    """Another service's address must not be stolen by whoever takes over a relay."""
    (statement,) = (one for _, one in coturn.statements("Turn") if one["Action"] == "ec2:AssociateAddress")
    addresses = [one for one in statement["Resource"] if ":elastic-ip/" in json.dumps(one)]

    assert len(addresses) == 2
    assert all("AllocationId" in json.dumps(one) for one in addresses)


def test_the_shared_secret_is_encrypted_made_up_and_not_in_the_user_data(coturn: Deployment):
    """User data can be read by everybody who may describe instances."""
    secret = coturn.the("Turn", "AWS::SecretsManager::Secret")

    assert secret["GenerateSecretString"]["PasswordLength"] == 48
    assert "KmsKeyId" in secret
    assert "SecretString" not in secret
    assert "{{resolve:" not in user_data(coturn)


def test_the_door_may_read_the_shared_secret_and_no_other(coturn: Deployment):
    """It derives credentials from it; the key opens nothing but Secrets Manager's envelope."""
    (read, decrypt) = (
        one
        for _, one in coturn.statements("Door")
        if one["Action"] in ("secretsmanager:GetSecretValue", "kms:Decrypt")
    )

    assert "SharedSecret" in read["Resource"]["Fn::GetStackOutput"]["OutputName"]
    assert decrypt["Condition"]["StringEquals"] == {
        "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"
    }


def test_the_agent_reaches_relayed_media_at_the_relays_only(coturn: Deployment):
    """One hop instead of two, without opening a thousand ports to the whole Internet."""
    rules = coturn.resources("Turn", "AWS::EC2::SecurityGroupEgress")

    assert {(one["IpProtocol"], one["FromPort"], one["ToPort"]) for one in rules} == {("udp", 49152, 50175)}
    assert all(one["CidrIp"]["Fn::Join"][1][1] == "/32" for one in rules)
    assert len(rules) == 2


def test_the_boot_script_is_bash_and_fills_every_placeholder(coturn: Deployment):
    """A relay that fails to boot is found out by callers."""
    script = user_data(coturn)
    subprocess.run(["bash", "-n"], input=script, text=True, check=True, capture_output=True)

    wanted = set(re.findall("@([A-Z_]+)@", (COTURN / "turnserver.conf").read_text())) - {"NAME"}
    exported = set(re.findall(r"^export ([A-Z_]+)=", script, re.MULTILINE))
    exported |= {
        name
        for line in re.findall(r"^export ((?:[A-Z_]+ ?)+)$", script, re.MULTILINE)
        for name in line.split()
    }
    assert wanted <= exported | {"SECRET"}


@pytest.mark.parametrize(
    "address",
    ["10.42.0.9", "127.0.0.1", "169.254.169.254", "172.31.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.1"],
)
def test_relays_refuse_to_reach_into_networks(address: str):
    """Without it, whoever holds a credential for a minute can talk to the metadata service."""
    ranges = re.findall(
        r"^denied-peer-ip=([\d.]+)-([\d.]+)$", (COTURN / "turnserver.conf").read_text(), re.MULTILINE
    )

    assert any(ip_address(first) <= ip_address(address) <= ip_address(last) for first, last in ranges)


def test_a_third_partys_key_stays_in_the_deployers_secret():
    """The template names it; nobody who reads the template has it."""
    deployed = synthesise("dev", EXTERNAL)
    (statement,) = (
        one for _, one in deployed.statements("Door") if one["Action"] == "secretsmanager:GetSecretValue"
    )

    assert statement["Resource"] == json.loads(EXTERNAL)["turn"]["secret_arn"]
    assert not deployed.templates["Turn"].get("Resources")
