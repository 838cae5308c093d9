"""What the configuration means to the door's functions and to the page."""

from runtime.settings.door import DoorSettings
from runtime.settings.page import PageSettings
from stacks.config import DeploymentConfig, EndpointsConfig, ManagedTurnConfig
from stacks.parts.callers import SignIn
from stacks.runtime_stack import RuntimeStack

# An embedded cloud's relays answer on the machine that the caller is on as well, each on a loopback address.
EMBEDDED_RELAYS = ("127.0.0.0/8",)


def door_settings(config: DeploymentConfig, runtime: RuntimeStack, *, region: str) -> DoorSettings:
    """Return what each of the door's functions that knows sessions is told."""
    door, limits, turn = config.door, config.runtime, config.turn
    endpoints, pool = config.endpoints, turn.first(ManagedTurnConfig)
    return DoorSettings(
        stage=config.stage,
        region=region,
        runtime_arn=runtime.agent.arn,
        endpoint_name=runtime.agent.endpoint_name,
        ledger_table=runtime.ledger.name,
        concurrency=door.concurrency,
        sessions_per_caller=door.sessions_per_caller,
        sessions_per_caller_and_minute=door.sessions_per_caller_and_minute,
        call_seconds=limits.call_seconds,
        idle_seconds=limits.idle_seconds,
        call_cost_usd=limits.call_cost_usd,
        lifetime_seconds=runtime.agent.lifetime_seconds,
        join_seconds=door.join_seconds,
        heartbeat_lost_seconds=door.heartbeat_lost_seconds,
        caller_policy=turn.caller_policy,
        relay_networks=",".join((*turn.relay_networks, *(EMBEDDED_RELAYS if endpoints else ()))),
        allocations_per_call=pool.allocations_per_call if pool else 0,
        allowed_origins=" ".join(door.allowed_origins),
        agentcore_url=endpoints.agentcore if endpoints else "",
    )


def page_settings(config: DeploymentConfig, sign_in: SignIn | None, *, region: str) -> PageSettings:
    """Return what the page is told, which must know where its people sign in."""
    return PageSettings(
        stage=config.stage,
        agent_origin=_agent_origin(region, config.endpoints),
        before_call=config.page.before_call,
        auth_kind=config.auth.kind,
        issuer=sign_in.issuer if sign_in else "",
        client_id=sign_in.page_client_id if sign_in else "",
        scopes=" ".join(sign_in.scopes) if sign_in else "",
        sign_in_origins=" ".join(sign_in.origins) if sign_in else "",
        guests=config.guests is not None,
        embedded=config.endpoints is not None,
    )


def _agent_origin(region: str, endpoints: EndpointsConfig | None) -> str:
    """Return where the page's WebSockets lead: AgentCore's data plane."""
    if endpoints:
        return endpoints.agentcore.replace("http", "ws", 1)
    return f"wss://bedrock-agentcore.{region}.amazonaws.com"
