"""The door: callers get in here, and nowhere else."""

from pathlib import Path

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from runtime.settings import DoorSettings
from stacks.config import DoorConfig, EndpointsConfig, ManagedTurnConfig, TurnConfig
from stacks.parts.door_api import DoorApi
from stacks.parts.door_function import DoorFunction
from stacks.parts.door_layer import DoorLayer
from stacks.parts.relays import Relays
from stacks.parts.session_reaper import SessionReaper
from stacks.runtime_stack import RuntimeStack

# API Gateway gives up after 30 s ("Quotas for HTTP APIs"); a caller should get our own answer before.
REQUEST_TIMEOUT = Duration.seconds(25)

# An embedded cloud's relay answers on the machine that the caller is on as well.
EMBEDDED_RELAYS = "127.0.0.1/32"


class DoorStack(Stack):
    """Owns the API that opens, connects and ends sessions, and the reaper that ends the forgotten ones."""

    api: DoorApi
    function: lambda_.Function
    """Serves the API."""
    reaper: lambda_.Function

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: DoorConfig,
        layer: Path,
        turn: TurnConfig,
        stage: str,
        call_seconds: int,
        endpoints: EndpointsConfig | None,
        relays: Relays,
        runtime: RuntimeStack,
        env: Environment,
    ) -> None:
        super().__init__(scope, construct_id, env=env, description="Hotline: the door that callers come to")
        pool = turn.first(ManagedTurnConfig)
        environment = DoorSettings(
            stage=stage,
            region=self.region,
            runtime_arn=runtime.agent.arn,
            endpoint_name=runtime.agent.endpoint_name,
            ledger_table=runtime.ledger.name,
            concurrency=config.concurrency,
            call_seconds=call_seconds,
            join_seconds=config.join_seconds,
            heartbeat_lost_seconds=config.heartbeat_lost_seconds,
            caller_policy=turn.caller_policy,
            relay_networks=EMBEDDED_RELAYS if endpoints else "",
            allocations_per_call=pool.allocations_per_call if pool else 0,
            agentcore_url=endpoints.agentcore if endpoints else "",
        ).to_environment()
        layers = (DoorLayer(self, "Layer", layer=layer).version,)
        door = DoorFunction(
            self,
            "Requests",
            handler="handlers.handle_request",
            description="opens, connects and ends sessions",
            timeout=REQUEST_TIMEOUT,
            environment={**environment, **relays.environment},
            layers=layers,
            reserved_concurrency=config.reserved_concurrency,
            log_retention_days=config.log_retention_days,
        )
        reaper = SessionReaper(self, "Reaper", config=config, environment=environment, layers=layers)
        runtime.agent.grant_open(door.role)
        runtime.agent.grant_stop(door.role)
        runtime.ledger.grant_open(door.role)
        relays.grant_issue(door.role)
        runtime.agent.grant_stop(reaper.role)
        runtime.ledger.grant_reap(reaper.role)
        self.function, self.reaper = door.function, reaper.function
        self.api = DoorApi(self, "Api", config=config, function=door.function)
        CfnOutput(self, "DoorUrl", value=self.api.url)
        # For scripts/turn-check, which issues as the door does: ARNs, addresses and names, never a secret.
        CfnOutput(self, "RelaySettings", value=self.to_json_string(relays.environment))
