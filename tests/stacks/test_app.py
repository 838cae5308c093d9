import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App
from cfnlint.api import lint
from cfnlint.config import ManualArgs

import app
from scripts.costs import idle
from stacks.config import ConfigError
from tests.stacks.deployment import CONTEXT, REAL, ROOT, Deployment, synthesise

STACKS = ("Network", "Turn", "Runtime", "Door", "Monitoring", "Billing")
RULE = "AlarmsReachSomebody"


def run_app(tmp_path: Path, context: dict[str, object]) -> subprocess.CompletedProcess[str]:
    """Run the app as the CDK CLI does, but by this very Python."""
    python, *words = shlex.split(json.loads((ROOT / "cdk.json").read_text())["app"])
    assert python == "python"
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(tmp_path / "cdk.out")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_stage_is_six_stacks_and_what_stands_before_its_page(shipped: Deployment):
    """Each is redeployed for its own reason: the agent often, the relays seldom, the network hardly ever.

    The seventh is empty where a stage has no WAF: the CDK removes an empty stack, and one that is absent it forgets.
    """
    own_key = CONTEXT["stages"][shipped.stage]["monitoring"].get("log_key") == "own"
    assert set(shipped.templates) == {*STACKS, "Edge", *(("LogKey",) if own_key else ())}
    waf = CONTEXT["stages"][shipped.stage].get("page", {}).get("waf", False)
    assert bool(shipped.resources("Edge", "AWS::WAFv2::WebACL")) == waf
    assert waf or "Resources" not in shipped.templates["Edge"]


def test_everything_carries_the_name_of_its_stage(shipped: Deployment):
    """The bill can be split by it, and what a failed destruction left can be found by it."""
    for stack in STACKS:
        properties = shipped.manifest["artifacts"][f"Hotline-{shipped.stage}-{stack}"]["properties"]
        assert properties["tags"] == {"hotline:stage": shipped.stage}


def test_the_page_says_what_the_stages_cost_while_nobody_calls():
    """Whoever adds a resource that is billed by the hour changes it; run `python -m scripts.costs.idle`."""
    bills = {stage: idle.bill(synthesise(stage).templates.values()) for stage in idle.STAGES}

    assert idle.PAGE.read_text() == idle.render(bills)


def test_references_go_one_way(shipped: Deployment):
    """Whoever destroys or redeploys a stack knows which others wait for it: those to its right."""
    order = ["LogKey", "Network", "Turn", "Runtime", "Door", "Monitoring"]
    # A web ACL must be there before the page that it stands before, and may go only after that page let go of it.
    order.insert(4 if shipped.resources("Edge", "AWS::WAFv2::WebACL") else 5, "Edge")
    artifacts = shipped.manifest["artifacts"]

    for name in (one for one in order if one in shipped.templates):
        needed = artifacts[f"Hotline-{shipped.stage}-{name}"]["dependencies"]
        stacks = {one.rpartition("-")[2] for one in needed if not one.endswith(".assets")}
        assert stacks <= set(order[: order.index(name)])
    billing = artifacts[f"Hotline-{shipped.stage}-Billing"]
    assert [one for one in billing["dependencies"] if not one.endswith(".assets")] == []


def test_nag_finds_nothing_that_is_not_acknowledged(shipped: Deployment):
    """A warning does not fail a synthesis in which something else is acknowledged, so it is asked here."""
    (report,) = shipped.findings["pluginReports"]

    assert report["pluginName"] == "AwsSolutions"
    assert report["violations"] == []
    assert report["suppressedViolations"]


def test_nag_finds_nothing_about_knobs_that_are_turned(turned: Deployment):
    """The shipped stages show what they use; a deployer uses the rest."""
    (report,) = turned.findings["pluginReports"]

    assert report["violations"] == []


def test_every_acknowledgement_has_a_reason(shipped: Deployment):
    """A reviewer reads the reasons, and wants a sentence."""
    (report,) = shipped.findings["pluginReports"]

    for one in report["suppressedViolations"]:
        assert one["reason"].endswith(".")
        assert len(one["reason"].split()) >= 5


@pytest.mark.parametrize(
    ("stage", "stack"),
    [
        *(("prod", stack) for stack in STACKS),
        *(("coturn", stack) for stack in ("Turn", "Runtime")),
        *(("embedded", stack) for stack in ("Network", "Runtime", "Billing")),
    ],
)
def test_cfn_lint_finds_nothing(stage: str, stack: str):
    """It knows what CDK does not check: IAM actions, enumerations, ranges.

    The other templates differ from these in names only; `scripts/check` asks about every one.
    """
    found = lint(
        json.dumps(synthesise(stage).templates[stack]),
        # W3005: CDK writes DependsOn where a reference already implies it.
        config=ManualArgs(regions=["us-east-1"], ignore_checks=["W3005"]),
    )

    assert [str(one) for one in found] == []


def test_synthesis_asks_aws_nothing(shipped: Deployment):
    """A lookup would need credentials, and make two synths of one commit differ."""
    assert "missing" not in shipped.manifest


@pytest.mark.parametrize(("stack", "knob"), [("Network", "monitoring"), ("Billing", "billing")])
def test_cloudformation_refuses_alarms_that_reach_nobody(prod: Deployment, stack: str, knob: str):
    """Shipped stages synthesise as they are, and cannot be deployed unwatched by any tool."""
    (assertion,) = prod.templates[stack]["Rules"][RULE]["Assertions"]

    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "nowhere"]}
    assert f"Set {knob}.alarm_email in cdk.json" in assertion["AssertDescription"]


def test_an_address_that_somebody_reads_is_not_refused():
    """Only the placeholder stands in the way."""
    deployed = synthesise("prod", REAL)

    assert not any(RULE in one.get("Rules", {}) for one in deployed.templates.values())


def test_an_embedded_cloud_needs_no_address(embedded: Deployment):
    """It sends no mail, so nobody has to type one to try the kit."""
    assert not any(RULE in one.get("Rules", {}) for one in embedded.templates.values())


@pytest.mark.parametrize(
    "context",
    [
        {**CONTEXT, "stage": "prd"},
        {**CONTEXT, "overrides": '{"region": "eu-central-1", "door": {"concurency": 1}}'},
        {"stage": "dev"},
    ],
)
def test_a_faulty_stage_ends_in_words_and_not_in_a_traceback(tmp_path: Path, context: dict[str, object]):
    """The deployer made a typing error; the program did not break."""
    ended = run_app(tmp_path, context)

    assert ended.returncode == 1
    assert "nothing was synthesised" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_missing_bundle_says_how_to_make_it(tmp_path: Path):
    """`cdk` makes it before every synth; whoever runs app.py by hand has to know."""
    with pytest.raises(ConfigError, match="run scripts/bundle"):
        app.build(App(context=CONTEXT), bundle=tmp_path / "agent.zip")


def test_a_missing_layer_says_how_to_make_it(tmp_path: Path):
    """Without it the door's functions would be deployed, and none of them would start."""
    bundle = tmp_path / "agent.zip"
    bundle.touch()

    with pytest.raises(ConfigError, match=r"door-layer\.zip is not there.*run scripts/bundle"):
        app.build(App(context=CONTEXT), bundle=bundle)
