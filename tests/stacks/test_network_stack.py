import json

import pytest

from tests.stacks.deployment import Deployment, synthesise


def test_subnets_are_placed_by_zone_id(shipped: Deployment):
    """`us-east-1a` is another building in every account, and AgentCore refuses some of them."""
    subnets = shipped.resources("Network", "AWS::EC2::Subnet")

    assert sorted(one["AvailabilityZoneId"] for one in subnets) == ["use1-az1"] * 2 + ["use1-az2"] * 2
    assert not any("AvailabilityZone" in one for one in subnets)


@pytest.mark.parametrize(("stage", "gateways"), [("dev", 1), ("prod", 2)])
def test_nat_gateways_follow_the_knob(stage: str, gateways: int):
    """`dev` is the cheapest that works; `prod` loses no call outside a zone that is lost."""
    network = synthesise(stage)

    assert len(network.resources("Network", "AWS::EC2::NatGateway")) == gateways


def test_each_zone_of_prod_leaves_through_its_own_gateway(prod: Deployment):
    """One gateway for both would make the loss of its zone the loss of every call."""
    ways_out = [
        one["NatGatewayId"]["Ref"]
        for one in prod.resources("Network", "AWS::EC2::Route")
        if "NatGatewayId" in one
    ]

    assert len(set(ways_out)) == len(ways_out) == 2


def test_nothing_reaches_the_agent_and_it_reaches_port_443_only(shipped: Deployment):
    """A compromised agent opens no other door, and nobody knocks at its own."""
    (group,) = (
        one
        for one in shipped.resources("Network", "AWS::EC2::SecurityGroup")
        if "voice agent" in one["GroupDescription"]
    )

    assert "SecurityGroupIngress" not in group
    assert not shipped.everywhere("AWS::EC2::SecurityGroupIngress")
    assert {(one["IpProtocol"], one["FromPort"], one["ToPort"]) for one in group["SecurityGroupEgress"]} == {
        ("tcp", 443, 443),
        ("udp", 443, 443),
    }


def test_the_default_security_group_is_emptied_at_once_and_every_day(shipped: Deployment):
    """Security Hub EC2.2: whatever forgets to choose a group must reach nothing."""
    association = shipped.the("Network", "AWS::SSM::Association")

    assert association["Name"] == "AWSConfigRemediation-RemoveVPCDefaultSecurityGroupRules"
    (vpc_id,) = (
        logical_id
        for logical_id, one in shipped.templates["Network"]["Resources"].items()
        if one["Type"] == "AWS::EC2::VPC"
    )
    assert association["Parameters"]["GroupId"] == [{"Fn::GetAtt": [vpc_id, "DefaultSecurityGroup"]}]
    assert association["ScheduleExpression"] == "rate(1 day)"
    assert "ApplyOnlyAtCronInterval" not in association


def test_only_the_default_group_of_this_network_can_be_emptied(shipped: Deployment):
    """The role that may remove rules must not be able to open or break another group."""
    changes = [
        statement
        for _, statement in shipped.statements("Network")
        if any("SecurityGroup" in one and "Describe" not in one for one in as_list(statement["Action"]))
    ]

    (statement,) = changes
    assert sorted(statement["Action"]) == ["ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"]
    assert "DefaultSecurityGroup" in json.dumps(statement["Resource"])


def test_every_flow_is_recorded_and_forgotten_in_time(shipped: Deployment):
    """An incident is reconstructed from flow logs; logs without retention are kept and paid for ever."""
    flow_log = shipped.the("Network", "AWS::EC2::FlowLog")

    assert flow_log["TrafficType"] == "ALL"
    assert shipped.the("Network", "AWS::Logs::LogGroup")["RetentionInDays"] >= 1


def test_only_flow_logs_of_this_account_may_be_written_with_the_right_to(shipped: Deployment):
    """The service works for every account: without the condition, whoever knows the role has it write their log."""
    logical_id = shipped.the("Network", "AWS::EC2::FlowLog")["DeliverLogsPermissionArn"]["Fn::GetAtt"][0]
    role = shipped.templates["Network"]["Resources"][logical_id]["Properties"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]

    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_no_subnet_hands_out_public_addresses(shipped: Deployment):
    """What is public is public on purpose."""
    assert not any(one["MapPublicIpOnLaunch"] for one in shipped.resources("Network", "AWS::EC2::Subnet"))


def test_the_bundle_and_the_tables_do_not_pass_the_nat_gateway(shipped: Deployment):
    """Gateway endpoints are free; the same bytes through NAT cost US$0.045 per GB."""
    endpoints = shipped.resources("Network", "AWS::EC2::VPCEndpoint")

    assert {one["VpcEndpointType"] for one in endpoints} == {"Gateway"}
    assert len(endpoints) == 2


def test_interface_endpoints_listen_to_the_private_subnets_only(turned):
    """PrivateLink that anything in the VPC can reach is one more way around the agent's group."""
    endpoints = [
        one
        for one in turned.resources("Network", "AWS::EC2::VPCEndpoint")
        if one["VpcEndpointType"] == "Interface"
    ]
    (group,) = (
        one
        for one in turned.resources("Network", "AWS::EC2::SecurityGroup")
        if "PrivateLink" in one["GroupDescription"]
    )
    assert {one["ServiceName"] for one in endpoints} == {
        "com.amazonaws.us-east-1.bedrock-runtime",
        "com.amazonaws.us-east-1.logs",
    }
    assert all(one["PrivateDnsEnabled"] for one in endpoints)
    assert {(one["FromPort"], one["ToPort"]) for one in group["SecurityGroupIngress"]} == {(443, 443)}
    assert {one["CidrIp"] for one in group["SecurityGroupIngress"]} == {
        one["CidrBlock"]
        for one in turned.resources("Network", "AWS::EC2::Subnet")
        if {"Key": "aws-cdk:subnet-type", "Value": "Private"} in one["Tags"]
    }


def test_three_zones_fit():
    """A stage may spread over every zone that AgentCore supports."""
    network = synthesise(
        "prod",
        '{"network": {"cidr": "10.9.0.0/21", "availability_zone_ids": ["use1-az1", "use1-az2", "use1-az4"]}}',
    )

    ranges = {one["CidrBlock"] for one in network.resources("Network", "AWS::EC2::Subnet")}
    assert ranges == {f"10.9.{third}.0/24" for third in range(6)}


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
