"""Taking a stage away, on a CloudFormation that deletes, refuses, keeps, and remembers, with stacks as small as can be."""

import json

import pytest

from scripts.deploying.place import Place
from scripts.deploying.stacks import StackName
from scripts.destroying.destruction import INTERFACES_POLL_SECONDS, Destruction, Waiting
from scripts.destroying.interfaces import Interfaces
from scripts.destroying.remains import Remains
from scripts.destroying.telling import Telling

NOTHING = {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
NETWORK = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
    "Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}},
}
PEOPLE = {
    "Pool": {
        "Type": "AWS::Cognito::UserPool",
        "DeletionPolicy": "Retain",
        "Properties": {"UserPoolName": "small"},
    }
}
OFTEN = {"Delay": 0.05, "MaxAttempts": 1200}


class Clock:
    """Time passes when somebody sleeps; what then happens is a test's."""

    def __init__(self):
        self.now = 0.0
        self.then = lambda _now: None

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        self.then(self.now)


class Stage:
    """Stacks of a stage of this test alone, and what was said while they went."""

    def __init__(self, cloud, name):
        self.cloud = cloud
        self.clock = Clock()
        self.said = []
        self.place = Place(
            stage=name,
            typed=name,
            region="us-east-1",
            session=cloud.session(),
            services_url=cloud.ports.endpoints()["services"],
        )

    def deploy(self, **parts):
        cloudformation = self.cloud.client("cloudformation")
        tags = [{"Key": "hotline:stage", "Value": self.place.stage}]
        for part, resources in parts.items():
            name, body = f"Hotline-{self.place.stage}-{part}", json.dumps({"Resources": resources})
            cloudformation.create_stack(StackName=name, TemplateBody=body, Tags=tags)
            cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=OFTEN)

    def destroy(self, *, wait=0.0):
        """Return why each stack that was tried is left, by its part; nothing for one that is gone."""
        waiting = Waiting(seconds=wait, sleep=self.clock.sleep, clock=self.clock)
        telling = Telling(line=self.said.append, glance=lambda _line: None)
        outcomes = Destruction(self.place, telling, waiting).run()
        return {one.stack.part: one.faults for one in outcomes}

    def left(self):
        return {one.what: one for one in Remains(self.place).all()}

    def there(self):
        return [
            one.part for one in Destruction(self.place, Telling(print, print), Waiting(seconds=0)).there()
        ]

    def network(self):
        return StackName("Network", f"Hotline-{self.place.stage}-Network", "us-east-1")

    def vpc(self):
        (found,) = Interfaces(self.place, self.network())._vpcs()
        return found


@pytest.fixture
def stage(cloud, request):
    """Take a name that no other test has: the cloud is everybody's."""
    return Stage(cloud, f"t{abs(hash(request.node.name)) % 10**9}")


@pytest.fixture
def held(stage):
    """Somebody else's network interface in the stage's VPC, and how to take it away."""
    stage.deploy(Network=NETWORK, Turn=NOTHING)
    ec2 = stage.cloud.client("ec2")
    group = ec2.create_security_group(GroupName="agentcore", Description="x", VpcId=stage.vpc())["GroupId"]
    subnet = ec2.create_subnet(VpcId=stage.vpc(), CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    made = ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"][
        "NetworkInterfaceId"
    ]

    def release():
        ec2.delete_network_interface(NetworkInterfaceId=made)
        ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_security_group(GroupId=group)

    return made, release


def test_stacks_go_in_order_and_a_second_run_finds_nothing(stage):
    """A pipeline that is started again must not fail because the first was through."""
    stage.deploy(Network=NETWORK, Turn=NOTHING, Runtime=NOTHING, Door=NOTHING, Billing=NOTHING)

    assert list(stage.destroy().items()) == [
        (part, ()) for part in ("Billing", "Door", "Runtime", "Turn", "Network")
    ]
    assert stage.there() == []
    assert stage.destroy() == {}
    assert stage.left() == {}


def test_the_bootstrap_and_other_stages_stay(stage, cloud):
    """`t1` is no part of `t12`, and CDKToolkit is the account's."""
    stage.deploy(Turn=NOTHING)
    other = Stage(cloud, f"{stage.place.stage}x")
    other.deploy(Turn=NOTHING)

    stage.destroy()

    assert other.there() == ["Turn"]
    other.destroy()


def test_what_is_kept_on_purpose_is_said_with_how_it_goes(stage):
    """People outlive a stage that protects them; whoever destroys it wants to know where they are."""
    stage.deploy(Door=PEOPLE)
    (pool,) = [one["PhysicalResourceId"] for one in resources(stage, "Door")]

    assert stage.destroy() == {"Door": ()}

    (kept,) = stage.left().values()
    assert pool in kept.what
    assert "on purpose" in kept.why
    assert kept.usd_a_month == 0
    assert f"delete-user-pool --region us-east-1 --user-pool-id {pool}" in kept.do
    stage.cloud.client("cognito-idp").delete_user_pool(UserPoolId=pool)
    assert stage.left() == {}


def resources(stage, part):
    cloudformation = stage.cloud.client("cloudformation")
    return cloudformation.list_stack_resources(StackName=f"Hotline-{stage.place.stage}-{part}")[
        "StackResourceSummaries"
    ]


def test_a_network_that_agentcore_still_holds_is_said_with_what_it_costs(stage, held):
    """What costs is gone; what is left costs nothing, and the next run takes it."""
    interface, release = held

    outcome = stage.destroy(wait=0)

    assert outcome["Turn"] == ()
    assert any(interface in why and "8 hours" in why for why in outcome["Network"])
    (left,) = [one for what, one in stage.left().items() if "Network" in what]
    assert (left.usd_a_month, left.why) == (0, "not deleted; nothing in it costs")
    assert left.do == f"scripts/destroy {stage.place.stage}"

    release()
    assert stage.destroy() == {"Network": ()}
    assert stage.left() == {}


def test_it_waits_for_agentcore_as_long_as_it_is_told(stage, held):
    """Not a second longer, and it goes on by itself when the interfaces are given back."""
    interface, release = held
    gone_after = 10 * INTERFACES_POLL_SECONDS

    def then(now):
        if now >= gone_after and (gone := then.release):
            then.release = None
            gone()

    then.release = release
    stage.clock.then = then

    assert stage.destroy(wait=8 * 3_600)["Network"] == ()
    assert stage.clock.now < gone_after + 60
    assert any(interface in line and "480 min" in line for line in stage.said)


def test_the_wait_ends(stage, held):
    """A pipeline is not held for eight hours by what costs nothing."""
    _, release = held

    assert stage.destroy(wait=90)["Network"]
    assert stage.clock.now >= 90
    assert stage.clock.now < 90 + 60
    release()
    assert stage.destroy() == {"Network": ()}


def test_one_that_cannot_go_stops_those_that_it_needs_and_no_others(stage, held):
    """CloudFormation would cancel them one by one; what nothing refers to is taken away first."""
    _, release = held
    network = resources(stage, "Network")
    assert network
    stage.deploy(Door=NOTHING, Monitoring=NOTHING)
    ec2 = stage.cloud.client("ec2")
    stage.deploy(Runtime={"Vpc": NETWORK["Vpc"]})
    (runtime,) = [one["PhysicalResourceId"] for one in resources(stage, "Runtime")]
    subnet = ec2.create_subnet(VpcId=runtime, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]

    outcome = stage.destroy()

    assert outcome["Monitoring"] == outcome["Door"] == ()
    assert any("AWS::EC2::VPC Vpc" in why for why in outcome["Runtime"])
    assert stage.there() == ["Runtime", "Turn", "Network"]
    (address,) = [one for what, one in stage.left().items() if "-Network" in what]
    assert "1 AWS::EC2::EIP" in address.why
    assert address.usd_a_month == pytest.approx(3.65)

    ec2.delete_subnet(SubnetId=subnet)
    release()
    assert set(stage.destroy().values()) == {()}
