"""Resource types that MiniStack lacks, deployed through its CloudFormation and read through its APIs."""

import json
import uuid

import pytest

VPC = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "Subnet": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"},
    },
}
GATEWAY = {
    "Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}},
    "Gateway": {
        "Type": "AWS::EC2::NatGateway",
        "Properties": {
            "SubnetId": {"Ref": "Subnet"},
            "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]},
        },
    },
}
GROUP = {
    "Group": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "test", "VpcId": {"Ref": "Vpc"}},
    },
    "Rule": {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": {"Fn::GetAtt": ["Group", "GroupId"]},
            "IpProtocol": "udp",
            "FromPort": 3478,
            "ToPort": 3478,
            "CidrIp": "0.0.0.0/0",
        },
    },
}


class Stack:
    """One stack of a test's own."""

    def __init__(self, client):
        self._client = client
        self.name = f"test-{uuid.uuid4().hex[:8]}"

    def create(self, resources, outputs=None):
        self._client.create_stack(StackName=self.name, TemplateBody=template(resources, outputs))
        return self._settle("stack_create_complete")

    def update(self, resources, outputs=None):
        self._client.update_stack(StackName=self.name, TemplateBody=template(resources, outputs))
        return self._settle("stack_update_complete")

    def delete(self):
        self._client.delete_stack(StackName=self.name)
        self._wait("stack_delete_complete")

    def _settle(self, state):
        self._wait(state)
        (found,) = self._client.describe_stacks(StackName=self.name)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}

    def _wait(self, state):
        waiter = self._client.get_waiter(state)
        waiter.wait(StackName=self.name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})

    def reason(self):
        """Return why a resource failed."""
        events = self._client.describe_stack_events(StackName=self.name)["StackEvents"]
        return next(one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "CREATE_FAILED")


def template(resources, outputs=None):
    named = {name: {"Value": value} for name, value in (outputs or {}).items()}
    return json.dumps({"Resources": resources, "Outputs": named})


@pytest.fixture
def stack(cloud):
    one = Stack(cloud.client("cloudformation"))
    yield one
    one.delete()


def test_a_nat_gateway_and_its_address_come_and_go(cloud, stack):
    """Both cost money by the hour: the API must show them while the stack is there, and not after."""
    ec2 = cloud.client("ec2")

    made = stack.create(VPC | GATEWAY, {"Gateway": {"Ref": "Gateway"}, "Ip": {"Ref": "Address"}})
    (gateway,) = ec2.describe_nat_gateways(NatGatewayIds=[made["Gateway"]])["NatGateways"]
    addresses = {one["PublicIp"] for one in ec2.describe_addresses()["Addresses"]}
    assert gateway["State"] == "available"
    assert made["Ip"] in addresses

    stack.delete()
    (gateway,) = ec2.describe_nat_gateways(NatGatewayIds=[made["Gateway"]])["NatGateways"]
    assert gateway["State"] == "deleted"
    assert made["Ip"] not in {one["PublicIp"] for one in ec2.describe_addresses()["Addresses"]}


def test_a_rule_of_its_own_opens_and_closes_its_group(cloud, stack):
    """A security review reads the groups, not the template."""

    def ports():
        (group,) = cloud.client("ec2").describe_security_groups(GroupIds=[made["Group"]])["SecurityGroups"]
        return [(one["FromPort"], one["ToPort"]) for one in group["IpPermissions"]]

    outputs = {"Group": {"Ref": "Group"}}
    made = stack.create(VPC | GROUP, outputs)
    assert ports() == [(3478, 3478)]

    stack.update(VPC | {"Group": GROUP["Group"]}, outputs)
    assert ports() == []


def test_a_change_that_needs_a_new_resource_makes_one_and_deletes_the_old(cloud, stack):
    """A channel's name is fixed at creation; an update in place would leave the old name behind."""
    channel = {"Type": "AWS::KinesisVideo::SignalingChannel", "Properties": {"Name": f"{stack.name}-a"}}
    outputs = {"Arn": {"Fn::GetAtt": ["Channel", "Arn"]}}
    before = stack.create({"Channel": channel}, outputs)["Arn"]

    renamed = {**channel, "Properties": {"Name": f"{stack.name}-b"}}
    after = stack.update({"Channel": renamed}, outputs)["Arn"]

    channels = cloud.client("kinesisvideo").list_signaling_channels()["ChannelInfoList"]
    mine = [one["ChannelARN"] for one in channels if one["ChannelName"].startswith(stack.name)]
    assert mine == [after] != [before]


def test_a_channel_says_where_it_is_reached(cloud, stack):
    """TURN credentials are asked for at the channel's own endpoint."""
    channel = {"Type": "AWS::KinesisVideo::SignalingChannel", "Properties": {}}
    arn = stack.create({"Channel": channel}, {"Arn": {"Fn::GetAtt": ["Channel", "Arn"]}})["Arn"]

    answer = cloud.client("kinesisvideo").get_signaling_channel_endpoint(
        ChannelARN=arn, SingleMasterChannelEndpointConfiguration={"Protocols": ["HTTPS"], "Role": "MASTER"}
    )

    assert answer["ResourceEndpointList"][0]["Protocol"] == "HTTPS"


def test_properties_that_cloudformation_refuses_fail_the_deployment(stack):
    """An impossible template must not be waved through by a lenient emulator."""
    with pytest.raises(Exception, match="ROLLBACK"):
        stack.create({"Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domian": "vpc"}}})

    assert "Domian is no property of AWS::EC2::EIP" in stack.reason()


def test_a_type_that_nobody_taught_it_fails(stack):
    """Waving an unknown type through would prove nothing about it."""
    with pytest.raises(Exception, match="Unrecognized resource types"):
        stack.create({"Fleet": {"Type": "AWS::GameLift::Fleet", "Properties": {}}})


def test_a_change_of_outputs_alone_is_executed(cloud):
    """CDK adds an export, and nothing else, to a stack that another one begins to use."""
    client = cloud.client("cloudformation")
    stack = Stack(client)
    stack.create(GROUP | VPC)
    client.create_change_set(
        StackName=stack.name,
        ChangeSetName="exports",
        TemplateBody=template(GROUP | VPC, {"Group": {"Ref": "Group"}}),
    )
    client.execute_change_set(StackName=stack.name, ChangeSetName="exports")

    outputs = stack._settle("stack_update_complete")

    assert outputs["Group"].startswith("sg-")
    stack.delete()


def test_a_change_of_nothing_is_not_executed(cloud):
    """`cdk deploy` relies on it to say that there are no changes."""
    client = cloud.client("cloudformation")
    stack = Stack(client)
    stack.create(GROUP | VPC, {"Group": {"Ref": "Group"}})
    client.create_change_set(
        StackName=stack.name,
        ChangeSetName="nothing",
        TemplateBody=template(GROUP | VPC, {"Group": {"Ref": "Group"}}),
    )

    described = client.describe_change_set(StackName=stack.name, ChangeSetName="nothing")

    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    stack.delete()


def test_a_secret_is_referred_to_by_its_arn_and_made_as_told(cloud):
    """The door's right to read the relays' secret names its ARN; coturn's configuration takes no punctuation."""
    client, stack = cloud.client("secretsmanager"), Stack(cloud.client("cloudformation"))
    generated = {"PasswordLength": 48, "ExcludePunctuation": True}
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": generated}}

    arn = stack.create({"Secret": secret}, {"Ref": {"Ref": "Secret"}})["Ref"]
    made = client.get_secret_value(SecretId=arn)
    secret["Properties"] |= {"Description": "changed"}
    updated = stack.update({"Secret": secret}, {"Ref": {"Ref": "Secret"}})["Ref"]

    assert arn == made["ARN"] == updated
    assert len(made["SecretString"]) == 48
    assert made["SecretString"].isalnum()
    assert client.get_secret_value(SecretId=arn)["SecretString"] == made["SecretString"]
    stack.delete()
    assert arn not in [one["ARN"] for one in client.list_secrets()["SecretList"]]
