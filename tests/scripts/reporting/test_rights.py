"""What the report says of every statement of every policy."""

import json

import pytest

from scripts.reporting import rights
from scripts.reporting.pages import NOT_EXPLAINED, Mark
from scripts.reporting.statements import IDENTITY, Statement, statements
from scripts.reporting.uses import USES
from scripts.reporting.wildcards import WILDCARDS
from tests.scripts.reporting.stages import ALL, assembly_of, report_of, report_on, with_resource
from tests.stacks.deployment import Deployment

QUEUE = json.dumps(
    {
        "escalation": {
            "kind": "webhook",
            "url": "https://queue.corp.example/calls",
            "secret_arn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:hotline/queue-a1B2c3",
        }
    }
)


def policy(**statement) -> dict:
    """A policy of one statement for the role of the door's requests."""
    role = next(name for name, path in assembly_of("prod").paths["Door"].items() if path == "Requests/Role")
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::one/key", **statement}
    return {"PolicyName": "Surprise", "Roles": [{"Ref": role}], "PolicyDocument": {"Statement": [whole]}}


def surprise(kind: str, properties: dict) -> list[str]:
    """What keeps `prod` from being signed once it has one more resource."""
    return report_on(with_resource(assembly_of("prod"), "Door", kind, properties)).faults


@pytest.mark.parametrize(("stage", "overrides"), ALL)
def test_every_statement_is_listed(stage, overrides):
    """Counted in the templates by other code than the report's."""
    found = report_of(stage, overrides).statements
    deployed = Deployment(
        stage=stage, templates=assembly_of(stage, overrides).templates, manifest={}, findings={}
    )
    listed = sum(
        len(list(deployed.statements(stack)))
        for stack, template in deployed.templates.items()
        if "Resources" in template
    )
    keys = sum(len(one["KeyPolicy"]["Statement"]) for one in deployed.everywhere("AWS::KMS::Key"))
    trust = len(deployed.everywhere("AWS::IAM::Role"))

    assert len(found) == listed + keys + trust + len(deployed.everywhere("AWS::Lambda::Permission"))


@pytest.mark.parametrize(("stage", "overrides"), [*ALL, ("dev", QUEUE)])
def test_every_right_has_a_reason_and_something_that_uses_it(stage, overrides):
    for one in report_of(stage, overrides).statements:
        assert None not in rights.uses(one), (
            f"{one.holder} may {one.actions}; say in scripts/reporting/uses.py why"
        )


def test_every_reason_is_of_a_right_that_is_given():
    """A right that was taken away must not be explained for whoever gives it again."""
    stages = [*ALL, ("dev", QUEUE)]
    needed = {use for stage in stages for one in report_of(*stage).statements for use in rights.uses(one)}

    assert needed == set(USES)


def test_every_reason_of_a_pattern_is_of_one_that_is_there():
    given = [one for stage in ALL for one in report_of(*stage).statements]

    for wildcard in WILDCARDS:
        assert any(
            wildcard.covers(one.holder, pattern, action)
            for one in given
            for pattern in one.wildcards
            for action in one.actions
        ), wildcard


@pytest.mark.parametrize(
    "statement",
    [
        {"Resource": "*"},
        {"Resource": "arn:aws:s3:::one/*"},
        {"Action": "s3:Get*"},
        {"Action": "*"},
        {"Resource": {"Fn::Join": ["", ["arn:aws:logs:", {"Ref": "AWS::Region"}, ":*"]]}},
    ],
)
def test_a_pattern_that_nobody_explains_is_not_signed(statement):
    (fault,) = surprise("IAM::Policy", policy(**statement))

    assert fault.startswith("Door/Requests/Role may ")
    assert "has no reason" in fault


@pytest.mark.parametrize(
    "said", [{"NotAction": "iam:*", "Action": []}, {"NotResource": "arn:aws:s3:::one", "Resource": []}]
)
def test_everything_but_something_is_a_pattern(said):
    """It allows what AWS will think of next year."""
    assembly = with_resource(assembly_of("prod"), "Door", "IAM::Policy", policy(**said))
    (found,) = [one for one in statements(assembly) if any(part.startswith("Not") for part in one.resources)]

    assert found.wildcards


def test_a_managed_policy_is_a_pattern():
    """What AWS adds to it tomorrow is a right that nobody gave."""
    role = {
        "AssumeRolePolicyDocument": {"Statement": []},
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    }

    (fault,) = surprise("IAM::Role", role)

    assert "ReadOnlyAccess" in fault


def test_a_function_that_a_service_may_invoke_for_anybody_is_not_signed():
    """API Gateway and SNS work for every account."""
    permission = {"Action": "lambda:InvokeFunction", "FunctionName": "Door", "Principal": "sns.amazonaws.com"}

    (fault,) = surprise("Lambda::Permission", permission)

    assert "sns.amazonaws.com for anybody" in fault


def test_a_bucket_that_everybody_may_read_is_not_signed():
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::one/key",
    }

    (fault,) = surprise("S3::BucketPolicy", {"Bucket": "one", "PolicyDocument": {"Statement": [statement]}})

    assert "s3:GetObject by a pattern" in fault


def test_a_denial_is_not_too_broad():
    assert not surprise("IAM::Policy", policy(Effect="Deny", Action="*", Resource="*"))


def test_a_right_that_nobody_explains_is_open():
    assembly = with_resource(assembly_of("prod"), "Door", "IAM::Policy", policy())
    report = report_on(assembly)
    (page,) = [one for one in report.pages if one.name == "rights"]
    opened = [row for row in page.tables[0].rows if any(cell.mark is Mark.OPEN for cell in row)]

    assert [(row[0].text, row[2].text) for row in opened] == [("Door/Requests/Role", "s3:GetObject")]
    assert NOT_EXPLAINED in [cell.text for cell in opened[0]]


def test_a_right_is_shown_with_its_reason_and_its_limits():
    """Read once from beginning to end: the agent's only write to the ledger."""
    (found,) = [
        one
        for one in report_of("prod").statements
        if one.kind == IDENTITY
        and one.holder == "Runtime/Agent/Role/Role"
        and "dynamodb:UpdateItem" in one.actions
    ]

    assert isinstance(found, Statement)
    assert found.resources == ("{Runtime/Ledger/Table}",)
    assert any("dynamodb:LeadingKeys = hotline-*" in one for one in found.conditions)
    assert not found.wildcards
