"""Entry point of `cdk`: read the configuration once, then wire the stacks by hand.

cdk.json runs it with -OO.  Otherwise the construct library judges the types of every argument again, which mypy
has done, loads the libraries that those types are from, and its docstrings: a third of a second.
"""

import gc
import sys

if __name__ == "__main__":
    # The construct library's byte-code is kept wherever it can be: without it each synth takes 5 s longer.
    sys.dont_write_bytecode = False
    # Nothing made here is let go before the end, so looking for garbage finds none.
    gc.disable()

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_kms as kms

from stacks.billing_stack import BillingStack
from stacks.config import CallbackConfig, ConfigError, DeploymentConfig, FargateBridgeConfig
from stacks.door_stack import DoorCode, DoorStack
from stacks.edge_stack import EdgeStack
from stacks.log_key_stack import LogKeyStack
from stacks.monitoring_stack import MonitoringStack
from stacks.network_stack import NetworkStack
from stacks.parts.relays import Relays
from stacks.parts.unreachable_email import refuse_unreachable
from stacks.runtime_stack import RuntimeStack
from stacks.turn_stack import TurnStack

BUNDLE = Path(__file__).parent / "build" / "agent.zip"
PAGE = Path(__file__).parent / "build" / "page"


def build(app: cdk.App, *, bundle: Path = BUNDLE, page: Path = PAGE) -> None:
    """Add to *app* the stacks of the stage that its context names (`-c stage=...`, else `dev`).

    Raises:
        ConfigError: The stage cannot be deployed as it is written, or *bundle* or *page* is not there.
    """
    context = app.node.try_get_context
    config = DeploymentConfig.for_stage(
        context("stage") or "dev", context("stages") or {}, context("overrides") or ""
    )
    if not bundle.is_file():
        raise ConfigError(f"{bundle} is not there, so there is no agent to deploy; run scripts/bundle.")
    for layer in (door_layer(bundle), door_layer(bundle, "telephony")):
        if not layer.is_file():
            raise ConfigError(
                f"{layer} is not there, so the door would not start; run scripts/bundle, which makes it."
            )
    if not page.is_dir():
        raise ConfigError(f"{page} is not there, so there is no call page to deploy; run scripts/page.")
    wire(app, config, bundle, page)
    if context("nag") != "false":
        check_with_nag(app, every_pack=context("nag") == "all")


def wire(app: cdk.App, config: DeploymentConfig, bundle: Path, page: Path) -> None:
    """Hand each stack its own section, and what it needs of the stacks before it."""
    name, stage = f"Hotline-{config.stage}", config.stage
    env = cdk.Environment(region=config.region)
    log_key = add_log_key(app, config)
    network = NetworkStack(
        app, f"{name}-Network", config=config.network, brain=config.runtime.brain, log_key=log_key, env=env
    )
    relays, runtime = add_runtime(app, config, bundle, network, log_key=log_key)
    edge = EdgeStack(app, f"{name}-Edge", config=config.page, env=env)
    door = DoorStack(
        app,
        f"{name}-Door",
        config=config,
        code=DoorCode(layer=door_layer(bundle), telephony_layer=door_layer(bundle, "telephony"), page=page),
        web_acl_arn=edge.web_acl_arn,
        relays=relays,
        runtime=runtime,
        log_key=log_key,
        env=env,
    )
    if edge.web_acl_arn is None:
        # A web ACL of before can be deleted only once the distribution does not name it any more.
        edge.add_stack_dependency(door)
    add_bridge(app, config, bundle, network, runtime, log_key=log_key)
    add_guards(app, config, network, runtime, door)
    # CloudFormation passes the tags of a stack on to all that it makes: what a stage costs, and what is left.
    cdk.Tags.of(app).add("hotline:stage", stage, include_resource_types=["aws:cdk:stack"])


def add_guards(
    app: cdk.App, config: DeploymentConfig, network: NetworkStack, runtime: RuntimeStack, door: DoorStack
) -> None:
    """Add what watches the calls and the money, and refuse to deploy while nobody would hear of either."""
    name, stage = f"Hotline-{config.stage}", config.stage
    env = cdk.Environment(region=config.region)
    MonitoringStack(
        app,
        f"{name}-Monitoring",
        config=config.monitoring,
        turn=config.turn,
        telephony=config.telephony,
        stage=stage,
        runtime=runtime,
        door=door,
        env=env,
    )
    billing = BillingStack(
        app,
        f"{name}-Billing",
        config=config.billing,
        stage=stage,
        door_region=config.region,
        runbooks_url=config.monitoring.runbooks_url,
        env=env,
    )
    if config.endpoints is None:  # an embedded cloud sends no mail
        refuse_placeholders(config, network, runtime, billing)


def refuse_placeholders(
    config: DeploymentConfig, network: NetworkStack, runtime: RuntimeStack, billing: BillingStack
) -> None:
    """Create nothing while nobody would hear of it: the first two are stacks that wait for no other."""
    refuse_unreachable(network, config.monitoring.alarm_email, knob="monitoring.alarm_email")
    refuse_unreachable(billing, config.billing.alarm_email, knob="billing.alarm_email")
    if isinstance(config.escalation, CallbackConfig):
        refuse_unreachable(runtime, config.escalation.email, knob="escalation.email")


def door_layer(bundle: Path, name: str = "door") -> Path:
    """Return where `scripts/bundle` puts the packages of the door's layer *name*, beside *bundle*."""
    return bundle.with_name(f"{name}-layer.zip")


def add_log_key(app: cdk.App, config: DeploymentConfig) -> kms.IKey | None:
    """Return the key of the stage's own for its logs, if it has one."""
    if config.monitoring.log_key == "aws":
        return None
    name, env = f"Hotline-{config.stage}-LogKey", cdk.Environment(region=config.region)
    return LogKeyStack(app, name, stage=config.stage, region=config.region, env=env).key


def add_bridge(
    app: cdk.App,
    config: DeploymentConfig,
    bundle: Path,
    network: NetworkStack,
    runtime: RuntimeStack,
    *,
    log_key: kms.IKey | None,
) -> None:
    """Add the bridge where a stage has one of its own."""
    bridge = config.telephony.bridge if config.telephony else None
    if not isinstance(bridge, FargateBridgeConfig):
        return
    # It loads libraries (ECS, load balancing) that no stage without a bridge waits for.
    from stacks.bridge_stack import BridgeStack  # noqa: PLC0415

    BridgeStack(
        app,
        f"Hotline-{config.stage}-Bridge",
        config=bridge,
        stage=config.stage,
        call_seconds=config.runtime.call_seconds,
        join_seconds=config.door.join_seconds,
        bundle=bundle,
        vpc=network.vpc,
        runtime=runtime,
        log_key=log_key,
        env=cdk.Environment(region=config.region),
    )


def add_runtime(
    app: cdk.App,
    config: DeploymentConfig,
    bundle: Path,
    network: NetworkStack,
    *,
    log_key: kms.IKey | None,
) -> tuple[Relays, RuntimeStack]:
    """Add the agent, and the relays that its callers meet it on, to *network*."""
    name, stage = f"Hotline-{config.stage}", config.stage
    env = cdk.Environment(region=config.region)
    turn = TurnStack(
        app,
        f"{name}-Turn",
        config=config.turn,
        stage=stage,
        vpc=network.vpc,
        agent_security_group=network.agent_security_group,
        embedded=config.endpoints is not None,
        env=env,
    )
    runtime = RuntimeStack(
        app,
        f"{name}-Runtime",
        config=config.runtime,
        stage=stage,
        escalation=config.escalation,
        endpoints=config.endpoints,
        bundle=bundle,
        vpc=network.vpc,
        security_group=network.agent_security_group,
        log_key=log_key,
        env=env,
    )
    return turn.relays, runtime


def check_with_nag(app: cdk.App, *, every_pack: bool) -> None:
    """Fail synthesis on any finding of cdk-nag that no construct acknowledges with a reason.

    Args:
        app: With all its stacks.
        every_pack: Judge by the other packs as well, whose findings scripts/report explains; AwsSolutions is the first.
    """
    import cdk_nag  # noqa: PLC0415 - half a second, which a benchmark of our own code leaves out

    packs: list[type[cdk_nag.NagPack]] = [cdk_nag.AwsSolutionsChecks]
    if every_pack:
        packs += [
            cdk_nag.HIPAASecurityChecks,
            cdk_nag.NIST80053R5Checks,
            cdk_nag.PCIDSS321Checks,
            cdk_nag.ServerlessChecks,
        ]
    cdk.Validations.of(app).add_plugins(*(pack(app) for pack in packs))


def main() -> int:
    """Synthesise, or say on standard error what keeps the stage from being deployed."""
    app = cdk.App(
        # cfn-lint checks the same schemas in scripts/check; here it would cost 4 to 8 s.
        builtin_cloud_formation_validation=False,
        # They would carry the paths of this machine into the assembly.
        stack_traces=False,
        # A second account of every resource, for a browser of constructs in an editor.
        tree_metadata=False,
    )
    try:
        build(app)
    except ConfigError as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    exit_code = main()
    # Python would look through all of it once more before it ends, for 0.4 s.
    gc.freeze()
    sys.exit(exit_code)
