"""How logs are kept: every group of every stack, for a time and under the key that the stage names."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest

from scripts.deploying.stacks import IN_BILLING_REGION
from tests.stacks.deployment import ELSEWHERE, Deployment, synthesise
from tests.stacks.test_wildcards import EVERYTHING

RUNTIME_ID = "{AgentRuntimeId}"


def groups(deployed: Deployment) -> Iterator[tuple[str, str, dict]]:
    """Every log group: its stack, logical id and properties."""
    for stack, template in deployed.templates.items():
        for logical_id, one in template.get("Resources", {}).items():
            if one["Type"] == "AWS::Logs::LogGroup":
                yield stack, logical_id, one


@pytest.fixture(params=[("prod", ""), ("coturn", EVERYTHING)], ids=["prod", "everything"])
def keyed(request: pytest.FixtureRequest) -> Deployment:
    """A stage with a key of its own for its logs."""
    return synthesise(*request.param)


def test_every_group_is_encrypted_with_the_stages_key(keyed):
    """A group that forgets it would be the one that holds what should not be there."""
    found = list(groups(keyed))
    (output,) = keyed.templates["LogKey"]["Outputs"].values()

    (key,) = keyed.templates["LogKey"]["Resources"]
    assert output["Value"] == {"Fn::GetAtt": [key, "Arn"]}
    assert {stack for stack, *_ in found} >= {"Network", "Runtime", "Door"}
    for _, logical_id, one in found:
        assert one["Properties"]["KmsKeyId"] == {"Fn::ImportValue": output["Export"]["Name"]}, logical_id


def test_the_bridges_log_is_among_them():
    """It is the one stack that no shipped stage has."""
    assert "Bridge" in {stack for stack, *_ in groups(synthesise("coturn", EVERYTHING))}


def test_a_stage_without_a_key_of_its_own_pays_for_none(dev):
    assert "LogKey" not in dev.templates
    assert not any("KmsKeyId" in one["Properties"] for *_, one in groups(dev))


def test_every_group_is_forgotten_in_time_and_goes_with_its_stack(shipped):
    """Logs without retention are kept, and paid for, for ever."""
    for _, logical_id, one in groups(shipped):
        assert one["Properties"]["RetentionInDays"] >= 1, logical_id
        assert one["DeletionPolicy"] == "Delete", logical_id


def statements(keyed: Deployment) -> list[dict]:
    policy = keyed.the("LogKey", "AWS::KMS::Key")["KeyPolicy"]
    return [one for one in policy["Statement"] if one["Action"] != "kms:*"]


def text(value: str | dict) -> str:
    """Return *value* with what CloudFormation fills in between braces."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return f"{{{value['Ref']}}}"
    if "Fn::Join" in value:
        return "".join(text(one) for one in value["Fn::Join"][1])
    return RUNTIME_ID


def test_the_key_can_be_used_for_the_stages_groups_and_for_every_one_of_them(keyed):
    """CloudWatch Logs refuses to make a group that the key's policy does not name."""
    before = "arn:{AWS::Partition}:logs:us-east-1:{AWS::AccountId}:log-group:"
    # CloudFormation makes up names that begin with the stack's and the logical id, AgentCore an id after the name.
    made_up = {
        text(one["Properties"].get("LogGroupName", f"Hotline-{keyed.stage}-{stack}-{logical_id}-1A2B3C"))
        for stack, logical_id, one in groups(keyed)
    }
    runtime = keyed.the("Runtime", "AWS::BedrockAgentCore::Runtime")["AgentRuntimeName"]
    names = {one.replace(RUNTIME_ID, f"{runtime}-1a2B3c4D5e") for one in made_up}

    for statement in statements(keyed):
        patterns = [
            text(one) for one in statement["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
        ]
        assert all(one.startswith(before) and keyed.stage in one for one in patterns)
        unused = [one for one in patterns if not any(fnmatchcase(before + name, one) for name in names)]
        unnamed = [one for one in names if not any(fnmatchcase(before + one, each) for each in patterns)]
        assert (unused, unnamed) == ([], [])


def test_nobody_but_cloudwatch_logs_uses_it(prod):
    """The key of what is written is no key for anything else, and no other account's."""
    logs = "logs.us-east-1.amazonaws.com"

    service, account = statements(prod)

    assert service["Principal"] == {"Service": logs}
    assert account["Principal"] == {"AWS": "*"}
    assert account["Condition"]["StringEquals"] == {
        "kms:CallerAccount": {"Ref": "AWS::AccountId"},
        "kms:ViaService": logs,
    }
    for statement in (service, account):
        assert sorted(statement["Action"]) == [
            "kms:Decrypt",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
        ]


def test_the_key_turns_and_leaves_with_the_stage(prod):
    (key,) = prod.whole("LogKey", "AWS::KMS::Key")

    assert key["DeletionPolicy"] == "Delete"
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["Properties"]["PendingWindowInDays"] == 7


def test_each_region_asks_its_own_service():
    """Logs of one Region are encrypted by that Region's service alone."""
    moved = synthesise("prod", ELSEWHERE)

    assert statements(moved)[0]["Principal"] == {"Service": "logs.us-west-2.amazonaws.com"}


def test_stacks_in_the_region_of_bills_have_no_log(keyed):
    """The key is of the stage's own Region."""
    assert not {stack for stack, *_ in groups(keyed)} & IN_BILLING_REGION
