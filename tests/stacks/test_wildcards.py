"""Every right on `*` that any stage gives, by what it allows: IAM can scope none of them, and there is no other."""

import json

import pytest

from tests.stacks.deployment import STAGES, Deployment, synthesise
from tests.stacks.telephony import BRIDGED

# Source: "Actions, resources, and condition keys", service authorization reference, of each service.
ALLOWED = {
    ("Network", "ec2:DescribeSecurityGroups"),
    ("Turn", "cloudwatch:PutMetricData"),
    ("Turn", "route53:ListHostedZones"),
    # A stage with a cascade: neither a stream nor a piece of speech is a resource.
    ("Runtime", "transcribe:StartStreamTranscriptionWebSocket"),
    ("Runtime", "polly:SynthesizeSpeech"),
    # What an instance needs to be reached without SSH.
    ("Turn", "ssm:UpdateInstanceInformation"),
    ("Turn", "ssmmessages:CreateControlChannel"),
    ("Turn", "ssmmessages:CreateDataChannel"),
    ("Turn", "ssmmessages:OpenControlChannel"),
    ("Turn", "ssmmessages:OpenDataChannel"),
}
EVERYTHING = json.dumps(
    {
        "turn": {"hosted_zone_id": "Z0123456789ABCDEFGHIJ"},
        "runtime": {"brain": {"kind": "cascade"}},
        "guests": {},
        "telephony": BRIDGED,
        "escalation": {"kind": "callback", "email": "people@hotline.invalid"},
        "monitoring": {"log_key": "own"},
    }
)
"""All that a stage can have on top of relays of its own."""


def wildcards(deployed: Deployment) -> dict[tuple[str, str], dict]:
    """The statement that allows an action on every resource, by stack and action."""
    return {
        (stack, action): statement
        for stack in (name for name, template in deployed.templates.items() if "Resources" in template)
        for _, statement in deployed.statements(stack)
        for action in _listed(statement["Action"])
        if statement["Effect"] == "Allow" and "*" in _listed(statement.get("Resource"))
    }


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize(("stage", "overrides"), [*((one, "") for one in STAGES), ("coturn", EVERYTHING)])
def test_no_right_is_given_on_everything_but_these(stage, overrides):
    assert wildcards(synthesise(stage, overrides)).keys() <= ALLOWED


def test_each_of_these_is_still_needed():
    """One that is gone from every template would let the next one in unseen."""
    assert wildcards(synthesise("coturn", EVERYTHING)).keys() == ALLOWED


def test_metrics_are_published_into_one_namespace_only():
    """IAM cannot scope the action, and a condition can."""
    statement = wildcards(synthesise("coturn"))["Turn", "cloudwatch:PutMetricData"]

    assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Hotline/Relays"}}
