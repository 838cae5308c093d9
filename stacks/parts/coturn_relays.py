"""TURN relays of our own: coturn on Graviton instances."""

from aws_cdk import CrossStackReferences, ReferenceStrength, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IConstruct

from stacks.config import CoturnConfig
from stacks.parts.acknowledge import acknowledge
from stacks.parts.alarm_topic import PENDING_DELETION
from stacks.parts.relay_image import RelayImage
from stacks.parts.relay_instances import RelayInstances
from stacks.parts.relay_names import RelayNames
from stacks.parts.relay_role import grant_certificate, relay_role
from turn.coturn.settings import InstanceSettings
from turn.settings import CoturnSettings

SECRET_LENGTH = 48  # 285 bits of letters and digits; coturn's HMAC has 160


class CoturnRelays(Construct):
    """A group of one for each relay, so that a broken relay is replaced and keeps its address.

    Both ends of a call derive their credentials from a shared secret, which only the relays and the
    issuer of credentials can read.
    """

    settings: CoturnSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: CoturnConfig,
        stage: str,
        vpc: ec2.IVpc,
        agent_security_group: ec2.ISecurityGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = self._add_key()
        self._secret = self._shared_secret()
        addresses = [ec2.CfnEIP(self, f"Address{one}") for one in range(1, config.relays + 1)]
        # Weak, or the number of relays could never shrink and the kind never change (ManagedRelays).
        for part in (self._key, self._secret, *addresses):
            _weaken(part)
        self._public = tuple(one.ref for one in addresses)
        self.settings = CoturnSettings(
            addresses=config.names if config.hosted_zone_id else self._public,
            realm=config.realm,
            secret_arn=self._secret.secret_arn,
            tls=config.hosted_zone_id is not None,
        )
        role = relay_role(self, "Role", addresses)
        self._grant_read(role)
        if config.hosted_zone_id:
            RelayNames(self, "Names", config=config, addresses=addresses)
            grant_certificate(role, config.hosted_zone_id, config.names)
        image = RelayImage(self, "Image", stage=stage, revision=config.image_revision, vpc=vpc)
        RelayInstances(
            self,
            "Instances",
            config=config,
            settings=self._instance_settings(config, stage),
            role=role,
            image=image.image,
            vpc=vpc,
            addresses=addresses,
        )
        self._let_the_agent_reach_relayed_ports(agent_security_group, config)

    def grant_issue(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* read the secret from which credentials are derived, and nothing else."""
        self._grant_read(grantee)

    def _instance_settings(self, config: CoturnConfig, stage: str) -> InstanceSettings:
        stack = Stack.of(self)
        return InstanceSettings(
            stage=stage,
            stack=stack.stack_name,
            region=stack.region,
            realm=config.realm,
            secret_arn=self._secret.secret_arn,
            relay_ports_first=config.relay_ports_first,
            relay_ports_last=config.relay_ports_last,
            drain_seconds=config.drain_seconds,
            tls=config.hosted_zone_id is not None,
        )

    def _add_key(self) -> kms.Key:
        return kms.Key(
            self,
            "Key",
            description="Hotline: the secret of the TURN relays",
            enable_key_rotation=True,
            # It encrypts nothing but the secret, which goes with the stage.
            pending_window=PENDING_DELETION,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _shared_secret(self) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            "SharedSecret",
            description="Hotline: what TURN credentials are derived from",
            encryption_key=self._key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=SECRET_LENGTH, exclude_punctuation=True
            ),
        )
        acknowledge(
            secret,
            "AwsSolutions-SMG4",
            "Rotated by hand (docs/decisions/relay-secret-in-memory.md), which needs no function that could read it: "
            "relays follow within a minute, and credentials derived from it live for minutes.",
        )
        return secret

    def _grant_read(self, grantee: iam.IGrantable) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=[self._secret.secret_arn],
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["kms:Decrypt"],
            resource_arns=[self._key.key_arn],
            conditions={
                "StringEquals": {"kms:ViaService": f"secretsmanager.{Stack.of(self).region}.amazonaws.com"}
            },
        )

    def _let_the_agent_reach_relayed_ports(self, group: ec2.ISecurityGroup, config: CoturnConfig) -> None:
        """Open the way from the agent to what the caller's side relays: one hop instead of two."""
        for number, address in enumerate(self._public, start=1):
            ec2.CfnSecurityGroupEgress(
                self,
                f"AgentToRelay{number}",
                group_id=group.security_group_id,
                description="Media of calls, through a relay of ours",
                ip_protocol="udp",
                from_port=config.relay_ports_first,
                to_port=config.relay_ports_last,
                cidr_ip=f"{address}/32",
            )


def _weaken(part: IConstruct) -> None:
    resource = part.node.default_child or part
    CrossStackReferences.of(resource).produce(ReferenceStrength.WEAK)
