"""A template that CloudFormation would refuse is refused here, with the sentence that says why."""

import pytest

from scripts.embedded.ministack.schema import schema_of

RUNTIME = {
    "AgentRuntimeName": "agent",
    "AgentRuntimeArtifact": {
        "ContainerConfiguration": {"ContainerUri": "1.dkr.ecr.us-east-1.amazonaws.com/a:1"}
    },
    "RoleArn": "arn:aws:iam::000000000000:role/agent",
    "NetworkConfiguration": {"NetworkMode": "PUBLIC"},
}


def faults(type_name, properties):
    return schema_of(type_name).faults(properties)


def test_what_cloudformation_takes_has_no_fault():
    """Else every deployment would be refused."""
    assert faults("AWS::EC2::EIP", {"Domain": "vpc"}) == []


def test_numbers_and_booleans_may_be_written_as_text():
    """CloudFormation takes "60" for 60, and CDK's tokens make use of it."""
    assert faults("AWS::KinesisVideo::SignalingChannel", {"MessageTtlSeconds": "60"}) == []


@pytest.mark.parametrize(
    ("type_name", "properties", "fault"),
    [
        ("AWS::EC2::EIP", {"Domian": "vpc"}, "Domian is no property of AWS::EC2::EIP"),
        ("AWS::EC2::EIP", {"PublicIp": "1.2.3.4"}, "PublicIp is read-only"),
        ("AWS::EC2::SecurityGroupIngress", {}, "IpProtocol is required"),
        ("AWS::KinesisVideo::SignalingChannel", {"Type": "MESH"}, "Type is 'MESH', not one of"),
        ("AWS::KinesisVideo::SignalingChannel", {"MessageTtlSeconds": 121}, "above the maximum of 120"),
        (
            "AWS::BedrockAgentCore::Runtime",
            {**RUNTIME, "LifecycleConfiguration": {"IdleRuntimeSessionTimeout": 59}},
            "LifecycleConfiguration.IdleRuntimeSessionTimeout is 59, below the minimum of 60",
        ),
    ],
)
def test_what_it_would_refuse_is_named(type_name, properties, fault):
    """The deployer reads the property's path and its limit, not a stack trace."""
    assert any(fault in one for one in faults(type_name, properties))


def test_a_property_that_can_only_be_set_at_creation_replaces_the_resource():
    """The engine must know which changes make a new resource, or an update would silently lie."""
    assert "AgentRuntimeName" in schema_of("AWS::BedrockAgentCore::Runtime").create_only


def test_a_type_that_aws_does_not_have_has_no_schema():
    """`Custom::` types are the deployer's own."""
    assert schema_of("Custom::Anything") is None
