"""Stages of `cdk.json`, synthesised as `app.py` does it, each once for all tests."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aws_cdk as cdk

import app

ROOT = Path(__file__).parents[2]
CONTEXT: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
STAGES = tuple(CONTEXT["stages"])

REAL = json.dumps(
    {
        "monitoring": {"alarm_email": "oncall@hotline.dev"},
        "billing": {"alarm_email": "money@hotline.dev"},
    }
)
"""Addresses that are no placeholders, and nothing else."""

ELSEWHERE = json.dumps({"region": "us-west-2", "runtime": {"brain": {"kind": "cascade"}}})
"""Another Region than that of bills, web ACLs and text models."""

TURNED: dict[str, Any] = {
    "auth": {
        "kind": "cognito",
        "mfa": "required",
        "feature_plan": "plus",
        "domain_prefix": "acme-calls",
        "self_sign_up": True,
        "terminal_port": None,
    },
    "network": {"interface_endpoints": ["bedrock-runtime", "logs"]},
    "turn": {"caller_policy": "all"},
    "runtime": {"endpoint_version": 7},
    "door": {
        "requests_per_second": 7,
        "request_burst": 9,
        "allowed_origins": ["https://calls.corp.example"],
    },
    "page": {
        "domain_name": "calls.corp.example",
        "certificate_arn": "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012",
    },
    "monitoring": {
        "alarm_email": "on-call@corp.example",
        "voice_to_voice_p95_milliseconds": 1_234,
        "other_agents_sessions": 7,
    },
    "billing": {
        "monthly_budget_usd": 321,
        "anomaly_monitor_arn": "arn:aws:ce::111122223333:anomalymonitor/0f1c2d3e-4b5a-6789-abcd-ef0123456789",
    },
}
"""Knobs that have nothing to do with one another, turned at once: a synthesis of each would take minutes."""


@dataclass(frozen=True)
class Deployment:
    """What a deployer would hand to CloudFormation."""

    stage: str
    templates: Mapping[str, dict[str, Any]]
    """By the last word of the stack's name: `Network`, `Turn`, ..."""
    manifest: dict[str, Any]
    findings: dict[str, Any]
    """cdk-nag's report."""

    def resources(self, stack: str, kind: str) -> list[dict[str, Any]]:
        """Return the properties of every resource of *kind* in *stack*."""
        return [one.get("Properties", {}) for one in self.whole(stack, kind)]

    def whole(self, stack: str, kind: str) -> list[dict[str, Any]]:
        """Return every resource of *kind* in *stack*, with its dependencies and policies."""
        return [one for one in self.templates[stack].get("Resources", {}).values() if one["Type"] == kind]

    def the(self, stack: str, kind: str) -> dict[str, Any]:
        """Return the properties of the only resource of *kind* in *stack*."""
        (found,) = self.resources(stack, kind)
        return found

    def everywhere(self, kind: str) -> list[dict[str, Any]]:
        """Return the properties of every resource of *kind* in any stack."""
        return [one for stack in self.templates for one in self.resources(stack, kind)]

    def statements(self, stack: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return each statement of the stack's policies, with the logical id of its resource."""
        for logical_id, resource in self.templates[stack]["Resources"].items():
            properties = resource.get("Properties", {})
            documents = [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
            policies = properties.get("Policies", [])
            if isinstance(policies, list):  # a user pool's are rules for passwords
                documents += [one["PolicyDocument"] for one in policies]
            for document in documents:
                for statement in document["Statement"]:
                    yield logical_id, statement


def prepare(folder: Path, stage: str, overrides: str = "", **context: str) -> tuple[cdk.App, Path]:
    """Build *stage* around a bundle and a page of one file each, to be synthesised into the folder that is returned."""
    bundle = folder / "agent.zip"
    for name in (bundle, *(bundle.with_name(f"{layer}-layer.zip") for layer in ("door", "telephony"))):
        with zipfile.ZipFile(name, "w") as archive:
            archive.writestr("main.py", "")
    page = folder / "page"
    page.mkdir()
    (page / "index.html").write_text("")
    out = folder / "cdk.out"
    told = {**CONTEXT, "stage": stage, "overrides": overrides, **context}
    prepared = cdk.App(outdir=str(out), context=told, builtin_cloud_formation_validation=False)
    app.build(prepared, bundle=bundle, page=page)
    return prepared, out


@cache
def synthesise(stage: str, overrides: str = "") -> Deployment:
    """Synthesise *stage*, with cdk-nag."""
    with TemporaryDirectory() as folder:
        prepared, out = prepare(Path(folder), stage, overrides)
        prepared.synth()
        return Deployment(
            stage=stage,
            templates={
                path.name.split(".")[0].split("-")[-1]: json.loads(path.read_text())
                for path in sorted(out.glob("*.template.json"))
            },
            manifest=json.loads((out / "manifest.json").read_text()),
            findings=json.loads((out / "validation-report.json").read_text()),
        )
