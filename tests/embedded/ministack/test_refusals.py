"""What only the service itself would refuse, in the middle of a deployment, is refused here too."""

import pytest

from scripts.embedded.ministack.refusals import refusals

APOSTROPHE = "Let's Encrypt"
RULE = {"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "Description": APOSTROPHE}


@pytest.mark.parametrize(
    ("type_name", "properties", "path"),
    [
        ("AWS::EC2::SecurityGroup", {"GroupDescription": APOSTROPHE}, "GroupDescription"),
        ("AWS::EC2::SecurityGroup", {"SecurityGroupEgress": [RULE]}, "SecurityGroupEgress[0].Description"),
        ("AWS::EC2::SecurityGroup", {"SecurityGroupIngress": [RULE]}, "SecurityGroupIngress[0].Description"),
        ("AWS::EC2::SecurityGroupEgress", RULE, "Description"),
        ("AWS::EC2::SecurityGroupIngress", {**RULE, "Description": "x" * 256}, "Description"),
    ],
)
def test_what_ec2_would_refuse_is_named(type_name: str, properties: dict, path: str):
    (said,) = refusals(type_name, properties)

    assert said.startswith(f"{path} is ")


def test_what_ec2_takes_is_taken():
    assert refusals("AWS::EC2::SecurityGroup", {"GroupDescription": "TURN: in, out; #1 (UDP)"}) == []
    assert refusals("AWS::SNS::Topic", {"DisplayName": APOSTROPHE}) == []
