"""`scripts/doctor`: whatever an account lacks is one line with what to do, found out by reading alone."""

import json
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from scripts.calling.errors import CredentialsError
from scripts.calling.issuer import Issuer
from scripts.commands import doctor
from scripts.deploying.asking import IDENTITY
from scripts.deploying.place import Place
from scripts.examining.account import BOOTSTRAP_PARAMETER
from scripts.examining.examination import examine, in_the_way
from scripts.examining.findings import State
from scripts.examining.rights import RIGHTS, policy
from tests.scripts.simulated_aws import SimulatedAws

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT = "111122223333"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:telnyx-AbCdEf"
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
MONITOR = f"arn:aws:ce::{ACCOUNT}:anomalymonitor/0f1c2d3e-4b5a-6789-abcd-ef0123456789"

MAILS = {"monitoring": {"alarm_email": "a@hotline.dev"}, "billing": {"alarm_email": "b@hotline.dev"}}
WHOLE = {
    **MAILS,
    "turn": {
        "kind": "coturn",
        "realm": "turn.corp.example",
        "relays": 2,
        "hosted_zone_id": "Z123",
    },
    "page": {
        "domain_name": "calls.corp.example",
        "certificate_arn": CERTIFICATE,
        "reserved_concurrency": 5,
    },
    "telephony": {
        "telnyx": {"secret_arn": SECRET, "numbers": ["+14155550123"]},
        "caller_countries": ["US"],
    },
}
"""Stage `prod` with everything that names something."""


def quotas(*values):
    return {"Quotas": [{"QuotaName": name, "Value": value} for name, value in values]}


def allowed(value):
    return {"Quota": {"Value": value}}


MODELS = botocore.session.Session()
STREAMS = "On-demand InvokeModel concurrent requests for Amazon Nova 2 Sonic"


@pytest.fixture
def aws():
    """An account in which nothing stands in the way of stage `prod`."""
    simulated = SimulatedAws()
    answers = {
        ("sts", "GetCallerIdentity"): {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/deployer"},
        ("ssm", "GetParameter"): {"Parameter": {"Value": "21"}},
        ("cloudformation", "DescribeStacks"): "ValidationError: Stack with id X does not exist",
        ("cloudformation", "ListStackResources"): "ValidationError: Stack with id X does not exist",
        ("service-quotas", "GetServiceQuota"): allowed(1000.0),
        ("service-quotas", "ListServiceQuotas"): quotas((STREAMS, 20.0), ("Sonic tokens a minute", 1.0)),
        ("service-quotas", "ListAWSDefaultServiceQuotas"): quotas(),
        ("ec2", "DescribeAddresses"): {"Addresses": []},
        ("ec2", "DescribeInstances"): {"Reservations": []},
        ("ec2", "DescribeVpcs"): {"Vpcs": [{"VpcId": "vpc-1"}]},
        ("ec2", "DescribeAvailabilityZones"): {
            "AvailabilityZones": [{"ZoneId": f"use1-az{n}", "State": "available"} for n in (1, 2, 4)]
        },
        ("lambda", "GetAccountSettings"): settings(1000, 1000),
        ("bedrock", "GetFoundationModelAvailability"): availability(),
        ("bedrock-agentcore-control", "ListAgentRuntimes"): {"agentRuntimes": []},
        ("secretsmanager", "DescribeSecret"): {"Name": "telnyx"},
        ("acm", "DescribeCertificate"): certificate(),
        ("route53", "GetHostedZone"): zone("corp.example."),
        ("ce", "GetAnomalyMonitors"): {"AnomalyMonitors": []},
    }
    for (service, operation), answer in answers.items():
        simulated.answer(service, operation, answer)
    return simulated


def settings(all_together, free):
    limits = {"ConcurrentExecutions": all_together, "UnreservedConcurrentExecutions": free}
    return {"AccountLimit": limits}


def availability(**changed):
    return {
        "modelId": "amazon.nova-2-5-sonic",
        "agreementAvailability": {"status": "AVAILABLE"},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE",
        "regionAvailability": "AVAILABLE",
    } | changed


def certificate(**changed):
    return {"Certificate": {"Status": "ISSUED", "DomainName": "*.corp.example"} | changed}


def zone(name):
    return {"HostedZone": {"Id": "/hostedzone/Z123", "Name": name, "CallerReference": "x"}}


def monitors(name):
    found = {
        "MonitorArn": MONITOR,
        "MonitorName": name,
        "MonitorType": "DIMENSIONAL",
        "MonitorDimension": "SERVICE",
    }
    return {"AnomalyMonitors": [found]}


def there(status, kind="AWS::EC2::VPC", name="vpc-1"):
    """Stacks in one state, with one resource each that has a name of its own."""
    stack = {"StackName": "x", "CreationTime": datetime.now(UTC), "StackStatus": status}
    resource = {
        "LogicalResourceId": "One",
        "ResourceType": kind,
        "PhysicalResourceId": name,
        "LastUpdatedTimestamp": datetime.now(UTC),
        "ResourceStatus": "CREATE_COMPLETE",
    }
    return {"Stacks": [stack]}, {"StackResourceSummaries": [resource]}


def place(aws, overrides=WHOLE, stage="prod"):
    return Place(stage=stage, typed=stage, region="us-east-1", session=aws.session, overrides=overrides)


def looked(aws, overrides=WHOLE):
    return {one.checked: one for one in examine(place(aws, overrides))}


def test_a_cascade_is_held_to_the_streams_of_transcribe(aws):
    """Accounts begin with few of them, and Sonic's quota says nothing about a stage without Sonic."""
    sockets = "Number of StartStreamTranscription Websocket requests"
    aws.answer(
        "service-quotas", "ListServiceQuotas", quotas(("Concurrent HTTP/2 streams", 50.0), (sockets, 5.0))
    )
    found = looked(aws, {**WHOLE, "runtime": {"brain": {"kind": "cascade"}}})

    assert "Bedrock: streams at once" not in found
    assert found["Transcribe: streams at once"].state is State.WRONG
    assert found["Transcribe: streams at once"].found == f"5 of 15 needed ({sockets})"


def test_an_account_that_has_everything_is_told_so(aws):
    """A doctor who always finds something is soon not asked any more."""
    found = looked(aws)

    assert {one.state for one in found.values()} == {State.FINE}, found
    assert in_the_way(list(found.values())) == []
    assert {
        "CDK bootstrap in us-east-1",
        "telephony.telnyx.secret_arn",
        "page.certificate_arn",
    } <= found.keys()
    assert found["EC2: Elastic IP addresses"].found == "1000 allowed, 0 in use by others, 4 needed"
    assert found["Bedrock: streams at once"].found == f"20 of 15 needed ({STREAMS})"


def only_for(code, answer):
    """Answer for one quota, and plenty for the others."""
    return lambda params: answer if params["QuotaCode"] == code else allowed(1000.0)


LACKING = {
    "not bootstrapped": (
        ("ssm", "GetParameter", "ParameterNotFound"),
        ("CDK bootstrap in us-east-1", "none", "cdk bootstrap -c stage=prod"),
    ),
    "bootstrapped long ago": (
        ("ssm", "GetParameter", {"Parameter": {"Value": "4"}}),
        ("CDK bootstrap in us-east-1", "version 4, and 6 is needed", "cdk bootstrap"),
    ),
    "no stream": (
        ("service-quotas", "ListServiceQuotas", quotas((STREAMS, 0.0))),
        ("Bedrock: streams at once", "0 of 15 needed", "support case"),
    ),
    "two streams": (
        ("service-quotas", "ListServiceQuotas", quotas((STREAMS, 2.0))),
        ("Bedrock: streams at once", "2 of 15 needed", "door.concurrency to 2"),
    ),
    "no session": (
        ("service-quotas", "GetServiceQuota", only_for("L-3E5722B2", allowed(0.0))),
        ("AgentCore: sessions at once", "0 allowed", "--desired-value 15"),
    ),
    "addresses of others": (
        ("service-quotas", "GetServiceQuota", only_for("L-0263D0A3", allowed(3.0))),
        ("EC2: Elastic IP addresses", "3 allowed, 0 in use by others, 4 needed", "--desired-value 4"),
    ),
    "instances of others": (
        ("service-quotas", "GetServiceQuota", only_for("L-1216C47A", allowed(3.0))),
        ("EC2: vCPUs at once", "3 allowed, 0 in use by others, 4 needed", "--desired-value 4"),
    ),
    "networks of others": (
        ("service-quotas", "GetServiceQuota", only_for("L-F678F1CE", allowed(1.0))),
        ("VPC: VPCs in the Region", "1 allowed, 1 in use by others", "--desired-value 2"),
    ),
    "few executions": (
        ("lambda", "GetAccountSettings", settings(10, 10)),
        ("Lambda: executions to reserve", "26 to reserve of 10 free", "--desired-value 126"),
    ),
    "a model that a policy forbids": (
        ("bedrock", "GetFoundationModelAvailability", availability(authorizationStatus="NOT_AUTHORIZED")),
        ("Model", "not allowed by policy", "service control policies"),
    ),
    "a zone that the account has not": (
        (
            "ec2",
            "DescribeAvailabilityZones",
            {"AvailabilityZones": [{"ZoneId": "use1-az1", "State": "available"}]},
        ),
        ("Availability Zones", "use1-az2 cannot be used", "the account has use1-az1"),
    ),
    "no secret": (
        ("secretsmanager", "DescribeSecret", "ResourceNotFoundException"),
        ("telephony.telnyx.secret_arn", "no such secret", "telephony.telnyx.secret_arn"),
    ),
    "a secret that goes": (
        ("secretsmanager", "DescribeSecret", {"Name": "telnyx", "DeletedDate": datetime.now(UTC)}),
        ("telephony.telnyx.secret_arn", "scheduled for deletion", "restore-secret"),
    ),
    "no certificate": (
        ("acm", "DescribeCertificate", "ResourceNotFoundException"),
        ("page.certificate_arn", "no such certificate", "request one for calls.corp.example"),
    ),
    "a certificate that waits": (
        ("acm", "DescribeCertificate", certificate(Status="PENDING_VALIDATION")),
        ("page.certificate_arn", "pending validation, not issued", "validation"),
    ),
    "a certificate for somebody else": (
        ("acm", "DescribeCertificate", certificate(DomainName="*.calls.corp.example")),
        ("page.certificate_arn", "not for calls.corp.example", "request one"),
    ),
    "a zone that the realm is not in": (
        ("route53", "GetHostedZone", zone("another.example.")),
        ("turn.hosted_zone_id", "is another.example", "name the zone"),
    ),
    "a monitor of before": (
        ("ce", "GetAnomalyMonitors", monitors("Default-Services-Monitor")),
        ("Cost anomaly monitor", "has one already", MONITOR),
    ),
}


@pytest.mark.parametrize(("answer", "line"), LACKING.values(), ids=LACKING.keys())
def test_what_the_account_lacks_is_one_line_with_what_to_do(aws, answer, line):
    """Each is what a first deployment, or the first caller, fails at."""
    aws.answer(*answer)
    checked, found, do = line

    wrong = in_the_way(list(looked(aws).values()))

    assert [one.checked for one in wrong] == [checked]
    assert found in wrong[0].found
    assert do in wrong[0].do
    assert wrong[0].follows


@pytest.mark.parametrize(
    ("status", "do"),
    [
        ("DELETE_FAILED", "scripts/destroy prod"),
        ("UPDATE_ROLLBACK_FAILED", "cdk rollback"),
        ("UPDATE_IN_PROGRESS", "wait"),
    ],
)
def test_a_stack_that_cannot_be_changed_is_named(aws, status, do):
    """Otherwise it is found out after ten minutes of deployment."""
    stacks, resources = there(status)
    aws.answer("cloudformation", "DescribeStacks", stacks)
    aws.answer("cloudformation", "ListStackResources", resources)

    (wrong,) = in_the_way(list(looked(aws).values()))

    assert (wrong.checked, status in wrong.found, do in wrong.do) == ("Stacks of the stage", True, True)


def test_what_the_stage_has_already_is_not_asked_for_twice(aws):
    """A stage that fills the account's quota can still be updated."""
    stacks, resources = there("UPDATE_COMPLETE")
    aws.answer("cloudformation", "DescribeStacks", stacks)
    aws.answer(
        "cloudformation",
        "ListStackResources",
        lambda params: resources if "Network" in params["StackName"] else {"StackResourceSummaries": []},
    )
    aws.answer("service-quotas", "GetServiceQuota", only_for("L-F678F1CE", allowed(1.0)))

    found = looked(aws)["VPC: VPCs in the Region"]

    assert (found.state, found.found) == (State.FINE, "1 allowed, 0 in use by others, 1 needed")


def test_what_the_stages_functions_have_reserved_counts_as_free(aws):
    """Every deployment after the first would be refused otherwise."""
    stacks, resources = there("UPDATE_COMPLETE", "AWS::Lambda::Function", "Hotline-prod-Requests")
    aws.answer("cloudformation", "DescribeStacks", stacks)
    aws.answer(
        "cloudformation",
        "ListStackResources",
        lambda params: resources if "Door" in params["StackName"] else {"StackResourceSummaries": []},
    )
    aws.answer("lambda", "GetAccountSettings", settings(126, 100))
    aws.answer("lambda", "GetFunctionConcurrency", {"ReservedConcurrentExecutions": 26})

    assert looked(aws)["Lambda: executions to reserve"].state is State.FINE


def test_a_quota_that_was_never_raised_has_its_default(aws):
    """Service Quotas answers nothing for it but that."""
    aws.answer("service-quotas", "GetServiceQuota", "NoSuchResourceException")
    aws.answer("service-quotas", "GetAWSDefaultServiceQuota", allowed(5.0))

    assert looked(aws)["EC2: Elastic IP addresses"].found.startswith("5 allowed")
    assert looked(aws)["AgentCore: sessions at once"].state is State.WRONG


def instance(kind, cores, threads, *, stage=""):
    tags = [{"Key": "hotline:stage", "Value": stage}] if stage else []
    return {"InstanceType": kind, "CpuOptions": {"CoreCount": cores, "ThreadsPerCore": threads}, "Tags": tags}


def test_only_what_the_quota_counts_is_in_the_relays_way(aws):
    """Graphics cards have a quota of their own, and the stage's relays are those that it has."""
    theirs = [
        instance("m7i.large", 1, 2),
        instance("g5.xlarge", 2, 2),
        instance("t4g.small", 2, 1, stage="prod"),
    ]
    aws.answer("ec2", "DescribeInstances", {"Reservations": [{"Instances": theirs}]})

    assert looked(aws)["EC2: vCPUs at once"].found == "1000 allowed, 2 in use by others, 4 needed"


def test_an_issuer_that_cannot_be_discovered_is_said(aws, monkeypatch):
    """Not as a fault: what this machine cannot reach, API Gateway may."""
    oidc = {"kind": "oidc", "issuer": "https://login.corp.example", "audiences": ["a"], "client_id": "b"}

    def discover(url):
        raise CredentialsError(f"{url} does not answer.")

    monkeypatch.setattr(Issuer, "discover", discover)
    found = looked(aws, {**WHOLE, "auth": oidc})["auth.issuer"]

    assert (found.state, found.found) == (State.UNKNOWN, "https://login.corp.example does not answer.")


def test_the_monitor_of_the_stage_itself_is_no_other(aws):
    """It made the account's first, and may keep it."""
    aws.answer("ce", "GetAnomalyMonitors", monitors("Hotline-prod"))

    assert looked(aws)["Cost anomaly monitor"].state is State.FINE


def test_whoever_may_look_at_nothing_is_told_which_rights_are_missing():
    """No crash and no verdict: a pipeline with few rights can still deploy."""
    bare = SimulatedAws()
    bare.answer(
        "sts", "GetCallerIdentity", {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/nobody"}
    )

    found = looked(bare)

    unknown = [one for one in found.values() if one.state is State.UNKNOWN]
    assert in_the_way(list(found.values())) == []
    assert len(unknown) == len(found) - 2  # who asks, and what is written
    assert all("could not look: needs " in one.found for one in unknown)
    assert found["Bedrock: streams at once"].found == "could not look: needs servicequotas:ListServiceQuotas"


def test_credentials_that_aws_does_not_take_end_it(aws):
    """Nothing else can be asked, and twenty lines would hide the one that counts."""
    aws.answer("sts", "GetCallerIdentity", "ExpiredToken")

    found = looked(aws)

    assert found["Credentials"].state is State.WRONG
    assert "aws sso login" in found["Credentials"].do
    assert aws.asked == {("sts", "GetCallerIdentity")}


def test_every_fault_of_the_configuration_is_said_at_once(aws):
    """And AWS is not asked about a stage that cannot be."""
    found = looked(aws, {"door": {"concurrency": 0, "unheard_of": 1}, "region": "eu-west-3"})

    said = found["Configuration"].found
    assert all(part in said for part in ("door.concurrency", "door.unheard_of", "region"))
    assert found["Configuration"].state is State.WRONG
    assert aws.asked == {("sts", "GetCallerIdentity")}


def test_a_placeholder_of_an_address_stands_in_the_way(aws):
    """CloudFormation would refuse the stacks; that is known now."""
    found = looked(aws, {})["Configuration"]

    assert found.state is State.WRONG
    assert "monitoring.alarm_email, billing.alarm_email" in found.found


def test_the_embedded_stage_is_not_for_aws(aws):
    """Its agent would look for Bedrock on its own microVM."""
    found = {one.checked: one for one in examine(place(aws, {}, "embedded"))}

    assert "endpoints lead to an embedded cloud" in found["Configuration"].found


def test_it_asks_nothing_but_what_its_policy_allows(aws):
    """Each right is asked for by something, too: who hands out the policy hands out no more than is needed."""
    stacks, resources = there("UPDATE_COMPLETE", "AWS::Lambda::Function", "Hotline-prod-Requests")
    aws.answer("cloudformation", "DescribeStacks", stacks)
    aws.answer("cloudformation", "ListStackResources", resources)
    aws.answer("lambda", "GetFunctionConcurrency", {})
    aws.answer("service-quotas", "ListServiceQuotas", quotas())
    aws.answer("service-quotas", "GetServiceQuota", "NoSuchResourceException")
    aws.answer("service-quotas", "GetAWSDefaultServiceQuota", allowed(1000.0))
    looked(aws)

    asked = {(service, xform_name(operation)) for service, operation in aws.asked}
    assert asked == {(one.service, one.operation) for one in (*RIGHTS, IDENTITY)}


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: right.action)
def test_a_right_is_what_iam_calls_its_operation(right):
    """A typing error in a policy allows nothing, and says nothing."""
    model = MODELS.get_service_model(right.service)
    prefix, _, name = right.action.partition(":")

    assert name in model.operation_names
    assert xform_name(name) == right.operation
    assert prefix == model.signing_name
    assert name.startswith(("Get", "List", "Describe"))


def test_the_policy_that_is_documented_is_the_one_that_it_needs():
    """`scripts/doctor --policy > docs/doctor-policy.json`."""
    assert json.loads((ROOT / "docs/doctor-policy.json").read_text()) == policy()


@pytest.mark.parametrize(("mails", "code"), [(MAILS, 0), ({}, 1)])
def test_a_pipeline_reads_the_verdict_from_the_exit_code(aws, monkeypatch, capsys, mails, code):
    """And the lines as JSON."""
    monkeypatch.setattr(doctor, "find_place", lambda _: place(aws, mails))

    assert doctor.run(Namespace(policy=False, json=True)) == code

    lines = json.loads(capsys.readouterr().out)
    assert {"checked", "state", "found", "follows", "do"} == set(lines[0])


def test_a_person_reads_one_table(aws, monkeypatch, capsys):
    """With the verdict below it."""
    aws.answer(
        "ssm",
        "GetParameter",
        lambda params: f"AccessDeniedException: {params['Name'] == BOOTSTRAP_PARAMETER}",
    )
    monkeypatch.setattr(doctor, "find_place", lambda _: place(aws, MAILS))

    doctor.run(Namespace(policy=False, json=False))

    said = capsys.readouterr().out
    assert "could not look: needs ssm:GetParameter" in said
    assert said.rstrip().endswith("Nothing stands in the way.  1 could not be found out.")


def test_a_stage_that_is_not_there_makes_no_sense(monkeypatch, capsys):
    """Exit code 2, and the names that do."""
    monkeypatch.setattr("sys.argv", ["doctor", "nowhere"])

    assert doctor.main() == 2
    assert "choose one of coturn, dev, embedded, prod" in capsys.readouterr().err
