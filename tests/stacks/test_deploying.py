"""What the deployer's commands know of the stacks without synthesising them, held to what is synthesised."""

import json
from typing import get_args

from scripts.deploying.stacks import IN_BILLING_REGION, LEAVES, ORDER
from scripts.examining.account import LEAST_BOOTSTRAP
from scripts.examining.configuration import mails
from scripts.examining.quotas import addresses_needed, reserved
from scripts.examining.relays import BUILD_VCPUS, VCPUS
from stacks.config import CoturnConfig, DeploymentConfig
from stacks.parts.relay_image import BUILD_INSTANCE
from stacks.regions import BILLING_REGION
from tests.stacks.deployment import CONTEXT, ELSEWHERE, synthesise
from tests.stacks.telephony import BRIDGED


def artifacts(deployment):
    """Stacks of the assembly by the last word of their names."""
    return {
        name.split("-")[-1]: one
        for name, one in deployment.manifest["artifacts"].items()
        if one["type"] == "aws:cloudformation:stack"
        # One without anything in it is never deployed.
        and deployment.templates[name.split("-")[-1]].get("Resources")
    }


def refers_to(deployment):
    """For each stack those that it refers to."""
    names = artifacts(deployment)
    return {
        part: {
            known for known in names if f"Hotline-{deployment.stage}-{known}" in one.get("dependencies", ())
        }
        for part, one in names.items()
    }


def test_no_stack_is_taken_away_before_those_that_refer_to_it(shipped):
    """CloudFormation would cancel, and a stack with a NAT gateway would stay."""
    bridged = synthesise("dev", json.dumps({"telephony": BRIDGED}))
    assert "Bridge" in artifacts(bridged)

    for part, needed in (*refers_to(shipped).items(), *refers_to(bridged).items()):
        assert all(ORDER.index(part) < ORDER.index(one) for one in needed), f"{part} needs {needed}"


def test_nothing_refers_to_those_that_may_fail_alone(shipped):
    """One that cannot be deleted keeps those behind it only where it must."""
    assert not any(needed & LEAVES for needed in refers_to(shipped).values())


def test_stacks_are_looked_for_where_they_are():
    """In another Region than that of bills, where the two differ."""
    found = synthesise("prod", ELSEWHERE)

    for part, one in artifacts(found).items():
        region = one["environment"].rpartition("/")[2]
        assert (region == BILLING_REGION) == (part in IN_BILLING_REGION), part


def test_every_stack_of_the_app_is_known(shipped):
    """A new one would outlive `scripts/destroy`."""
    assert artifacts(shipped).keys() <= set(ORDER)


def test_the_bootstrap_that_is_asked_for_is_the_one_that_templates_need(shipped):
    """The rule CheckBootstrapVersion refuses every version below it."""
    for one in artifacts(shipped).values():
        assert one["properties"]["requiresBootstrapStackVersion"] == LEAST_BOOTSTRAP


def config(deployment):
    return DeploymentConfig.for_stage(deployment.stage, CONTEXT["stages"])


def test_the_addresses_and_executions_that_are_counted_are_those_of_the_templates(shipped):
    """Counted from knobs, before there is a template: the account's quota is asked for so many."""
    functions = shipped.everywhere("AWS::Lambda::Function")

    assert addresses_needed(config(shipped)) == len(shipped.everywhere("AWS::EC2::EIP"))
    assert reserved(config(shipped)) == sum(one.get("ReservedConcurrentExecutions", 0) for one in functions)


def test_the_processors_of_relays_are_known_for_every_type():
    """A type that is added to the knob has a number of vCPUs."""
    types = CoturnConfig.model_fields["instance_type"].annotation

    assert VCPUS.keys() == set(get_args(types))
    assert BUILD_INSTANCE.endswith(".large")
    assert BUILD_VCPUS == 2  # what every .large of Graviton has


def test_every_address_that_cloudformation_would_refuse_is_looked_at(dev):
    """A knob for mail that the doctor does not know would be found out by the deployment."""
    refused = json.dumps([one.get("Rules", {}).get("AlarmsReachSomebody") for one in dev.templates.values()])

    knobs = [knob for knob, _ in mails(config(dev))]

    assert sorted(knobs) == ["billing.alarm_email", "monitoring.alarm_email"]
    assert all(f"Set {knob} " in refused for knob in knobs)


def test_the_address_for_call_backs_is_looked_at_too():
    """It is in a section that a stage may leave out."""
    overrides = json.dumps({"escalation": {"kind": "callback", "email": "people@hotline.invalid"}})
    stage = DeploymentConfig.for_stage("dev", CONTEXT["stages"], overrides)

    assert ("escalation.email", "people@hotline.invalid") in mails(stage)


def test_what_stays_when_a_stage_is_destroyed_is_known(shipped):
    """`scripts/destroy` says of each kind why it stays, what it costs and how it goes."""
    kept = {
        one["Type"]
        for template in shipped.templates.values()
        for one in template.get("Resources", {}).values()
        if one.get("DeletionPolicy", "Delete") != "Delete"
    }

    assert kept <= {"AWS::Cognito::UserPool"}
