"""What CloudFormation is asked for when a new bundle goes behind a runtime, and what is told when it says no."""

import json

import botocore.exceptions
import pytest

from scripts.reloading.artifact import Artifact
from scripts.reloading.errors import ReloadError
from stacks.bundle_record import BundleRecord

STACK = "Hotline-embedded-Runtime"
TEMPLATE = {
    "Resources": {
        "Agent": {
            "Type": "AWS::BedrockAgentCore::Runtime",
            "Properties": {
                "AgentRuntimeArtifact": {
                    "CodeConfiguration": {
                        "Code": {
                            "S3": {
                                "Bucket": {"Fn::Sub": "cdk-assets-${AWS::AccountId}-${AWS::Region}"},
                                "Prefix": "old.zip",
                            }
                        }
                    }
                }
            },
        },
        "Role": {"Type": "AWS::IAM::Policy", "Properties": {"Resource": "arn:…/old.zip"}},
    }
}


class Cloud:
    """CloudFormation and S3, which note what they are asked for."""

    def __init__(self) -> None:
        self.template = TEMPLATE
        self.objects = {"old.zip"}
        self.bucket = ""
        self.refuses = False

    def get_template(self, **_):
        return {"TemplateBody": self.template}

    def describe_stacks(self, **_):
        about = {"StackId": f"arn:aws:cloudformation:eu-west-1:123456789012:stack/{STACK}/1"}
        return {"Stacks": [about | {"Parameters": [{"ParameterKey": "BootstrapVersion"}]}]}

    def put_object(self, *, Bucket, Key, Body):  # noqa: N803  # boto3's own names
        assert Body.read() == b"a bundle"
        self.bucket = Bucket
        self.objects.add(Key)

    def delete_object(self, *, Bucket, Key):  # noqa: N803
        assert Bucket == self.bucket
        self.objects.remove(Key)

    def update_stack(self, *, TemplateBody, Parameters, **_):  # noqa: N803
        assert Parameters == [{"ParameterKey": "BootstrapVersion", "UsePreviousValue": True}]
        if not self.refuses:
            self.template = json.loads(TemplateBody)

    def get_waiter(self, _name):
        return self

    def wait(self, **_):
        if self.refuses:
            raise botocore.exceptions.WaiterError("StackUpdateComplete", "it was rolled back", {})

    def describe_stack_events(self, **_):
        failed = {"ResourceStatus": "UPDATE_FAILED", "LogicalResourceId": "Agent"}
        return {"StackEvents": [failed | {"ResourceStatusReason": "the bundle is too large"}]}


@pytest.fixture
def cloud():
    return Cloud()


@pytest.fixture
def replace(cloud, tmp_path):
    """Return what puts the bundle of a given name behind the runtime."""
    bundle = tmp_path / "agent.zip"
    bundle.write_bytes(b"a bundle")
    artifact = Artifact(cloud, cloud, STACK)

    def replace(name):
        values = {"made_from": "", "zip_bytes": 8, "unpacked_bytes": 8, "modified_ns": 0, "bytecode": True}
        return artifact.replace(bundle, BundleRecord(sha256=name, **values))

    return replace


def test_the_template_changes_in_the_bundles_name_alone_wherever_it_stands(cloud, replace):
    """A role that may read the old bundle only would leave the new agent without its code."""
    assert replace("new")

    assert json.dumps(cloud.template) == json.dumps(TEMPLATE).replace("old.zip", "new.zip")
    assert cloud.bucket == "cdk-assets-123456789012-eu-west-1"


def test_what_was_tried_out_is_removed_and_what_cdk_deployed_is_kept(cloud, replace):
    """A hundred megabytes for each time that somebody saved would fill the machine before the evening."""
    replace("first")
    replace("second")

    assert cloud.objects == {"old.zip", "second.zip"}
    assert replace("second") is False


def test_a_stack_that_rolls_back_says_why(cloud, replace):
    """ "It was rolled back" is no reason that anybody can act on."""
    cloud.refuses = True

    with pytest.raises(ReloadError, match="Agent: the bundle is too large"):
        replace("new")
    assert cloud.objects == {"old.zip"}
