"""The bridge for phone providers that cannot connect to AgentCore themselves; absent where a stage has none."""

import hashlib
from pathlib import Path

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from runtime.settings.bridge import BridgeSettings
from stacks.bundle_record import BundleRecord
from stacks.parts.bridge_front import BridgeFront
from stacks.parts.bridge_role import BridgeRoles
from stacks.parts.bridge_service import BridgeService
from stacks.parts.log_keeping import LogKeeping
from stacks.runtime_stack import RuntimeStack
from stacks.sections.bridge import FargateBridgeConfig

PROGRAM = Path(__file__).parents[1] / "runtime" / "bridge" / "fetch.py"


class BridgeStack(Stack):
    """Owns the load balancer, the tasks behind it, and what they may do."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: FargateBridgeConfig,
        stage: str,
        call_seconds: int,
        join_seconds: int,
        bundle: Path,
        vpc: ec2.IVpc,
        runtime: RuntimeStack,
        log_key: kms.IKey | None,
        env: Environment,
    ) -> None:
        super().__init__(scope, construct_id, env=env, description="Hotline: the bridge for phone providers")
        sha256 = _sha256(bundle)
        asset = assets.Asset(self, "Bundle", path=str(bundle), asset_hash=sha256)
        log_group = LogKeeping(days=config.log_retention_days, key=log_key).add_group(self, "Logs")
        settings = self._settings(
            config, runtime, stage=stage, call_seconds=call_seconds, join_seconds=join_seconds
        )
        environment = {**settings.to_environment(), **_where_to_fetch(asset, sha256)}
        group = _task_group(self, vpc)
        front = BridgeFront(self, "Front", config=config, vpc=vpc, tasks=group, call_seconds=call_seconds)
        service = BridgeService(
            self,
            "Tasks",
            config=config,
            stage=stage,
            vpc=vpc,
            group=group,
            roles=BridgeRoles(self, "Roles", runtime=runtime, bundle=asset, log_group=log_group),
            log_group=log_group,
            environment=environment,
            program=PROGRAM.read_text(encoding="utf-8"),
        )
        front.serve(service.service)
        CfnOutput(self, "BridgeAddress", value=front.address)

    def _settings(
        self,
        config: FargateBridgeConfig,
        runtime: RuntimeStack,
        *,
        stage: str,
        call_seconds: int,
        join_seconds: int,
    ) -> BridgeSettings:
        return BridgeSettings(
            stage=stage,
            region=self.region,
            runtime_arn=runtime.agent.arn,
            endpoint_name=runtime.agent.endpoint_name,
            ledger_table=runtime.ledger.name,
            call_seconds=call_seconds,
            join_seconds=join_seconds,
            streams_per_task=config.streams_per_task,
        )


def _where_to_fetch(asset: assets.Asset, sha256: str) -> dict[str, str]:
    """Return what `runtime/bridge/fetch.py` reads."""
    return {
        "BUNDLE_URL": f"https://{asset.bucket.bucket_regional_domain_name}/{asset.s3_object_key}",
        "BUNDLE_SHA256": sha256,
    }


def _task_group(scope: Construct, vpc: ec2.IVpc) -> ec2.SecurityGroup:
    group = ec2.SecurityGroup(
        scope, "TaskGroup", vpc=vpc, description="Tasks of the bridge: HTTPS out", allow_all_outbound=False
    )
    # To any address: AWS APIs and registries have thousands, and a security group cannot take names.
    group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS APIs; registry of the image")
    return group


def _sha256(bundle: Path) -> str:
    record = BundleRecord.of(bundle)
    return record.sha256 if record else hashlib.sha256(bundle.read_bytes()).hexdigest()
