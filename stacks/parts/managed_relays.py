"""TURN relays that AWS runs."""

from aws_cdk import CrossStackReferences, ReferenceStrength, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisvideo as kinesisvideo
from constructs import Construct

from stacks.config import ManagedTurnConfig
from turn.settings import ManagedTurnSettings

# KVS WebRTC SDK documentation; `GetIceServerConfig` names relays only.
STUN_URL = "stun:stun.kinesisvideo.{region}.amazonaws.com:443"


class ManagedRelays(Construct):
    """A pool of Kinesis Video signaling channels, each a source of TURN credentials.

    The channels carry no signaling.  They exist because `GetIceServerConfig` answers for a channel and
    both its rate and the relays' allocations are limited per channel, so callers spread over the pool.
    """

    settings: ManagedTurnSettings

    def __init__(
        self, scope: Construct, construct_id: str, *, config: ManagedTurnConfig, stage: str, embedded: bool
    ) -> None:
        super().__init__(scope, construct_id)
        pool = [self._channel(number, stage) for number in range(1, config.channels + 1)]
        self.settings = ManagedTurnSettings(
            channel_arns=tuple(one.attr_arn for one in pool),
            # There is none on an embedded cloud, and callers would ask AWS's for their address.
            stun_url="" if embedded else STUN_URL.format(region=Stack.of(self).region),
        )

    def grant_issue(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* obtain TURN credentials from the pool, and nothing else."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["kinesisvideo:GetSignalingChannelEndpoint", "kinesisvideo:GetIceServerConfig"],
            resource_arns=list(self.settings.channel_arns),
        )

    def _channel(self, number: int, stage: str) -> kinesisvideo.CfnSignalingChannel:
        channel = kinesisvideo.CfnSignalingChannel(
            self,
            f"Channel{number}",
            # A short name, because the ARNs of the pool travel in the door's environment of 4 KB.
            name=f"hotline-{stage}-{number}",
            type="SINGLE_MASTER",
        )
        # A strong export would freeze the pool: CloudFormation refuses to remove a channel that another
        # stack imports, even in the deployment that stops importing it (aws-cdk issue 7602).
        CrossStackReferences.of(channel).produce(ReferenceStrength.WEAK)
        return channel
