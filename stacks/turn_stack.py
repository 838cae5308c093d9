"""The relays that both ends of a call meet on."""

from typing import assert_never

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from stacks.config import CoturnConfig, ExternalTurnConfig, ManagedTurnConfig, TurnConfig
from stacks.parts.external_relays import ExternalRelays
from stacks.parts.managed_relays import ManagedRelays
from stacks.parts.relays import Relays


class TurnStack(Stack):
    """Owns the relays apart from the agent, so that deploying the agent leaves them running."""

    relays: Relays

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: TurnConfig,
        stage: str,
        vpc: ec2.IVpc,
        agent_security_group: ec2.ISecurityGroup,
        env: Environment,
    ) -> None:
        super().__init__(scope, construct_id, env=env, description="Hotline: TURN relays for calls")
        match config:
            case ManagedTurnConfig():
                self.relays = ManagedRelays(self, "Managed", config=config, stage=stage)
            case CoturnConfig():
                # It loads libraries (Auto Scaling, Secrets Manager) that no other kind of relays waits for.
                from stacks.parts.coturn_relays import CoturnRelays  # noqa: PLC0415

                self.relays = CoturnRelays(
                    self,
                    "Coturn",
                    config=config,
                    stage=stage,
                    vpc=vpc,
                    agent_security_group=agent_security_group,
                )
            case ExternalTurnConfig():
                self.relays = ExternalRelays(config=config)
            case _:
                assert_never(config)
        # For scripts/turn-check, which issues as the door does: ARNs, addresses and names, never a secret.
        CfnOutput(self, "RelaySettings", value=self.to_json_string(self.relays.settings.to_environment()))
