"""The relays that both ends of a call meet on."""

from typing import assert_never

from aws_cdk import Environment, Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from stacks.config import CoturnConfig, ExternalTurnConfig, ManagedTurnConfig, TurnConfig
from stacks.parts.external_relays import ExternalRelays
from stacks.parts.managed_relays import ManagedRelays
from stacks.parts.relays import Relays, RelaySource
from stacks.sections.turn import TurnSource


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
        embedded: bool,
        env: Environment,
    ) -> None:
        super().__init__(scope, construct_id, env=env, description="Hotline: TURN relays for calls")
        self._stage = stage
        self._vpc = vpc
        self._agent_security_group = agent_security_group
        self._embedded = embedded
        self.relays = Relays([self._source(one) for one in (config, *config.fallback)])

    def _source(self, config: TurnSource) -> RelaySource:
        """Add what *config* describes.

        A kind has one id wherever it stands in the order, so that the order can change under calls in progress.
        """
        match config:
            case ManagedTurnConfig():
                return ManagedRelays(
                    self, "Managed", config=config, stage=self._stage, embedded=self._embedded
                )
            case CoturnConfig():
                # It loads libraries (Auto Scaling, Secrets Manager) that no other kind of relays waits for.
                from stacks.parts.coturn_relays import CoturnRelays  # noqa: PLC0415

                return CoturnRelays(
                    self,
                    "Coturn",
                    config=config,
                    stage=self._stage,
                    vpc=self._vpc,
                    agent_security_group=self._agent_security_group,
                )
            case ExternalTurnConfig():
                return ExternalRelays(config=config)
            case _:
                assert_never(config)
