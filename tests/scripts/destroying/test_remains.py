"""What is left of a stage, where an account answers what no embedded cloud does."""

from datetime import UTC, datetime

import pytest

from scripts.deploying.place import Place
from scripts.destroying.remains import Remains
from tests.scripts.simulated_aws import SimulatedAws

ABSENT = "ValidationError: Stack with id X does not exist"
ACCOUNT = "111122223333"


@pytest.fixture
def aws():
    """An account in which nothing of stage `coturn` is left."""
    simulated = SimulatedAws()
    answers = {
        ("cloudformation", "ListStackResources"): ABSENT,
        ("resourcegroupstaggingapi", "GetResources"): {"ResourceTagMappingList": []},
        ("logs", "DescribeLogGroups"): {"logGroups": []},
        ("ec2", "DescribeImages"): {"Images": []},
    }
    for (service, operation), answer in answers.items():
        simulated.answer(service, operation, answer)
    return simulated


def left(aws, region="us-east-1"):
    return Remains(Place(stage="coturn", typed="coturn", region=region, session=aws.session)).all()


def tagged(*arns, stack=""):
    tags = [{"Key": "hotline:stage", "Value": "coturn"}]
    tags += [{"Key": "aws:cloudformation:stack-name", "Value": stack}] if stack else []
    return {"ResourceTagMappingList": [{"ResourceARN": arn, "Tags": tags} for arn in arns]}


def test_nothing_is_nothing(aws):
    """In both Regions, where there are two."""
    assert left(aws) == []
    assert left(aws, "us-west-2") == []


def test_the_images_that_relays_were_made_from_cost_on(aws):
    """Image Builder leaves them to whoever pays for their snapshots."""
    disk = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 8, "SnapshotId": "snap-1"}}
    image = {
        "ImageId": "ami-1",
        "BlockDeviceMappings": [disk, {"DeviceName": "/dev/sdb", "VirtualName": "x"}],
    }

    def images(params):
        (built,) = params["Filters"]
        assert (params["Owners"], built["Name"]) == (["self"], "tag:Ec2ImageBuilderArn")
        assert built["Values"] == ["arn:*:image/hotline-coturn-relay-*"]
        return {"Images": [image]}

    aws.answer("ec2", "DescribeImages", images)

    (found,) = left(aws)

    assert found.usd_a_month == pytest.approx(0.40)
    assert "deregister-image --region us-east-1 --image-id ami-1 --delete-associated-snapshots" in found.do


def test_images_of_relays_that_are_still_there_are_theirs(aws):
    """The next instance boots from them."""
    resource = {
        "LogicalResourceId": "Relay",
        "ResourceType": "AWS::AutoScaling::AutoScalingGroup",
        "LastUpdatedTimestamp": datetime.now(UTC),
        "ResourceStatus": "DELETE_FAILED",
    }
    aws.answer(
        "cloudformation",
        "ListStackResources",
        lambda params: {"StackResourceSummaries": [resource] if "Turn" in params["StackName"] else []},
    )
    aws.answer("ec2", "DescribeImages", "InternalError")

    (found,) = left(aws)

    assert "1 AWS::AutoScaling::AutoScalingGroup" in found.why
    assert found.usd_a_month is None  # what its instances cost depends on what they are


@pytest.mark.parametrize(
    ("state", "usd", "why"),
    [("PendingDeletion", 0.0, "2026-12-01"), ("Enabled", 1.0, "no stack has it any more")],
)
def test_a_key_costs_until_its_deletion_is_due(aws, state, usd, why):
    """KMS takes seven days and no money for them; one that nobody deletes costs for ever."""
    key = {"KeyId": "k", "KeyState": state, "DeletionDate": datetime(2026, 12, 1, tzinfo=UTC)}
    aws.answer("resourcegroupstaggingapi", "GetResources", tagged(f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"))
    aws.answer("kms", "DescribeKey", {"KeyMetadata": key})

    (found,) = left(aws)

    assert (found.usd_a_month, why in found.why) == (usd, True)


def test_logs_that_a_service_made_by_itself_are_found_by_their_names(aws):
    """Nobody tagged them, and they have no end of their own."""
    group = {
        "logGroupName": "/aws/bedrock-agentcore/runtimes/hotline_coturn-AbC-DEFAULT",
        "storedBytes": 10**11,
    }

    def groups(params):
        return {"logGroups": [group] if "agentcore" in params["logGroupNamePrefix"] else []}

    aws.answer("logs", "DescribeLogGroups", groups)

    (found,) = left(aws)

    assert found.usd_a_month == pytest.approx(3.0)
    assert found.do.endswith("--log-group-name /aws/bedrock-agentcore/runtimes/hotline_coturn-AbC-DEFAULT`")


def test_what_went_with_its_stack_is_not_believed_to_be_there(aws):
    """AWS lists what was deleted for hours; a table that is gone would be looked for in vain."""
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/Hotline-coturn-Runtime-Ledger"
    aws.answer("resourcegroupstaggingapi", "GetResources", tagged(table, stack="Hotline-coturn-Runtime"))

    assert left(aws) == []


def test_what_somebody_tagged_by_hand_is_said(aws):
    """It belongs to the stage in somebody's mind, and may cost."""
    volume = f"arn:aws:ec2:us-east-1:{ACCOUNT}:volume/vol-1"
    aws.answer("resourcegroupstaggingapi", "GetResources", tagged(volume))

    (found,) = left(aws)

    assert (found.what, found.usd_a_month) == (volume, None)


def test_what_may_not_be_looked_at_is_said_with_the_right_that_is_missing():
    """Nothing seen is not nothing left."""
    found = left(SimulatedAws())

    assert len(found) == 4
    assert all(one.usd_a_month is None and "could not look: needs " in one.why for one in found)
