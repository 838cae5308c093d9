"""Where the agent lives, and its way out."""

from aws_cdk import Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.config import CascadeConfig, NetworkConfig, SonicConfig
from stacks.parts.agent_network import AgentNetwork
from stacks.parts.closed_default_group import ClosedDefaultGroup
from stacks.parts.log_keeping import LogKeeping


class NetworkStack(Stack):
    """Owns the network apart from everything that is redeployed more often."""

    vpc: ec2.Vpc
    agent_security_group: ec2.SecurityGroup
    """For the agent's interfaces: nothing comes in, HTTPS and TURN on port 443 go out."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: NetworkConfig,
        brain: SonicConfig | CascadeConfig,
        log_key: kms.IKey | None,
        env: Environment,
    ) -> None:
        super().__init__(scope, construct_id, env=env, description="Hotline: the network of the voice agent")
        logs = LogKeeping(days=config.flow_log_retention_days, key=log_key)
        self.vpc = AgentNetwork(self, "Network", config=config, logs=logs).vpc
        ClosedDefaultGroup(self, "ClosedDefaultGroup", vpc=self.vpc)
        self.agent_security_group = ec2.SecurityGroup(
            self,
            "AgentGroup",
            vpc=self.vpc,
            description="The voice agent: no way in, port 443 out",
            allow_all_outbound=False,
        )
        # To any address: AWS APIs and relays have thousands, and a security group cannot take names.
        everywhere = ec2.Peer.any_ipv4()
        self.agent_security_group.add_egress_rule(everywhere, ec2.Port.tcp(443), "AWS APIs; TURN over TLS")
        self.agent_security_group.add_egress_rule(everywhere, ec2.Port.udp(443), "TURN over UDP")
        if isinstance(brain, CascadeConfig):
            # Where Transcribe takes WebSockets ("Setting up a WebSocket stream", Transcribe developer guide).
            self.agent_security_group.add_egress_rule(everywhere, ec2.Port.tcp(8443), "Transcribe")
