"""Deleting one stack, where CloudFormation does what an embedded one never does."""

from datetime import UTC, datetime

import pytest

from scripts.deploying.place import Place
from scripts.deploying.stacks import StackName
from scripts.destroying.deletion import Deletion
from scripts.destroying.deployer import RENEWED_AFTER_SECONDS, Deployer
from scripts.destroying.telling import Telling
from tests.scripts.simulated_aws import SimulatedAws

STACK = StackName("Runtime", "Hotline-dev-Runtime", "us-east-1")
STACK_ID = "arn:aws:cloudformation:us-east-1:111122223333:stack/Hotline-dev-Runtime/1"
KEYS = {
    "Credentials": {
        "AccessKeyId": "ASIAOFTHEDEPLOYROLE",
        "SecretAccessKey": "of-the-role",
        "SessionToken": "token",
        "Expiration": datetime.now(UTC),
    }
}


class Stack:
    """A stack as CloudFormation tells of it: what happens after its deletion began, one step for each question."""

    def __init__(self, status, *steps):
        self.status = status
        self.steps = list(steps)
        self.events = [
            event("before", STACK.name, "AWS::CloudFormation::Stack", "DELETE_FAILED", "of last time")
        ]

    def describe(self, _params):
        at = datetime.now(UTC)
        return {
            "Stacks": [
                {"StackId": STACK_ID, "StackName": STACK.name, "CreationTime": at, "StackStatus": self.status}
            ]
        }

    def tell(self, _params):
        told = {"StackEvents": list(self.events)}
        if self.began and self.steps:
            self.status, one = self.steps.pop(0)
            self.events.insert(0, one)
        return told

    began = False

    def begin(self, _params):
        self.began = True
        return {}


def event(event_id, resource, kind, status, reason=""):
    return {
        "StackId": STACK_ID,
        "EventId": event_id,
        "StackName": STACK.name,
        "Timestamp": datetime.now(UTC),
        "LogicalResourceId": resource,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def of_stack(event_id, status, reason=""):
    return event(event_id, STACK.name, "AWS::CloudFormation::Stack", status, reason)


@pytest.fixture
def aws():
    simulated = SimulatedAws()
    me = {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/deployer"}
    simulated.answer("sts", "GetCallerIdentity", me)
    return simulated


def delete(aws, stack):
    """Delete *stack*; return why it is left, and what was said."""
    aws.answer("cloudformation", "DescribeStacks", stack.describe)
    aws.answer("cloudformation", "DescribeStackEvents", stack.tell)
    aws.answer("cloudformation", "DeleteStack", stack.begin)
    place = Place(stage="dev", typed="dev", region="us-east-1", session=aws.session)
    said = []
    deletion = Deletion(Deployer(place), Telling(line=said.append, glance=said.append), lambda: None)
    return deletion.run(STACK).faults, said


def test_each_resource_is_told_as_it_goes_and_what_is_kept_too(aws):
    """A deletion without progress looks like one that hangs."""
    kept = event("2", "Pool", "AWS::Cognito::UserPool", "DELETE_SKIPPED")
    faults, said = delete(
        aws,
        Stack(
            "UPDATE_COMPLETE",
            ("DELETE_IN_PROGRESS", of_stack("1", "DELETE_IN_PROGRESS")),
            ("DELETE_IN_PROGRESS", kept),
            ("DELETE_IN_PROGRESS", event("3", "Table", "AWS::DynamoDB::Table", "DELETE_COMPLETE")),
            ("DELETE_COMPLETE", of_stack("4", "DELETE_COMPLETE")),
        ),
    )

    assert faults == ()
    assert "Hotline-dev-Runtime: AWS::Cognito::UserPool Pool kept on purpose" in said
    assert "Hotline-dev-Runtime: AWS::DynamoDB::Table Table gone" in said


def test_a_deletion_that_is_cancelled_ends(aws):
    """Somebody's own stack uses an export: the state is as it was, and only an event tells."""
    why = "Delete canceled. Cannot delete export X as it is in use by Theirs"
    faults, _ = delete(
        aws,
        Stack(
            "UPDATE_COMPLETE",
            ("DELETE_IN_PROGRESS", of_stack("1", "DELETE_IN_PROGRESS")),
            ("UPDATE_COMPLETE", of_stack("2", "UPDATE_COMPLETE", why)),
        ),
    )

    assert len(faults) == 1
    assert why in faults[0]


def test_one_that_failed_before_is_tried_again(aws):
    """Its state and its old events say that it failed; the new ones that it went."""
    faults, _ = delete(
        aws,
        Stack(
            "DELETE_FAILED",
            ("DELETE_FAILED", event("1", "Vpc", "AWS::EC2::VPC", "DELETE_IN_PROGRESS")),
            ("DELETE_COMPLETE", of_stack("2", "DELETE_COMPLETE")),
        ),
    )

    assert faults == ()


def test_what_cloudformation_says_of_each_resource_is_the_reason(aws):
    """The stack's own says no more than that something failed."""
    faults, _ = delete(
        aws,
        Stack(
            "UPDATE_COMPLETE",
            (
                "DELETE_IN_PROGRESS",
                event("1", "Group", "AWS::EC2::SecurityGroup", "DELETE_FAILED", "has a dependent"),
            ),
            (
                "DELETE_FAILED",
                of_stack("2", "DELETE_FAILED", "The following resource(s) failed to delete: [Group]."),
            ),
        ),
    )

    assert faults == ("AWS::EC2::SecurityGroup Group: has a dependent",)


def test_a_refusal_is_a_reason(aws):
    """Whoever may look and not delete learns it in a sentence."""
    stack = Stack("UPDATE_COMPLETE")
    stack.begin = "AccessDenied: User is not authorized to perform: cloudformation:DeleteStack"

    faults, _ = delete(aws, stack)

    assert faults == (
        "CloudFormation refused: User is not authorized to perform: cloudformation:DeleteStack",
    )


def test_it_acts_as_the_cdk_does_by_its_deploy_role(aws):
    """Many deployers may take that role, and nothing else; its keys are taken anew before they end."""
    taken, now = [], [0.0]

    def assume(params):
        taken.append(params["RoleArn"])
        return KEYS

    aws.answer("sts", "AssumeRole", assume)
    aws.answer("cloudformation", "DescribeStacks", "ValidationError: Stack with id X does not exist")
    place = Place(stage="dev", typed="dev", region="us-east-1", session=aws.session)
    deployer = Deployer(place, clock=lambda: now[0])

    for now[0] in (0.0, RENEWED_AFTER_SECONDS - 1, RENEWED_AFTER_SECONDS + 1):
        assert deployer.find(STACK.name, STACK.region) is None

    role = "arn:aws:iam::111122223333:role/cdk-hnb659fds-deploy-role-111122223333-us-east-1"
    assert taken == [role, role]
