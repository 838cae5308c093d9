"""The instances that relay: one auto-scaling group of one for each address."""

from collections.abc import Sequence

from aws_cdk import Duration, Stack, Tags
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.config import CoturnConfig
from stacks.parts.acknowledge import acknowledge
from stacks.parts.relay_user_data import RelayUserData
from turn.coturn import settings as relay_settings
from turn.coturn.settings import InstanceSettings

# No less than the image that the relays' own is made from: Ubuntu's have 8.
DISK_GIB = 8
TURN_PORTS = (443, 3478)

# What a relay has besides its drain: to boot, to answer once, to say so; to be told to end, to stop.
START = Duration.minutes(10)
NOTICE = Duration.minutes(2)
# Updates that need a reboot wait for the quiet of the night (UTC), each relay an hour after the one before.
FIRST_REBOOT_HOUR = 2


class RelayInstances(Construct):
    """Hardened instances that come up as relays by themselves: no SSH, IMDSv2 only, encrypted disks."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: CoturnConfig,
        settings: InstanceSettings,
        role: iam.Role,
        image: ec2.IMachineImage,
        vpc: ec2.IVpc,
        addresses: Sequence[ec2.CfnEIP],
    ) -> None:
        super().__init__(scope, construct_id)
        self._drain = Duration.seconds(config.drain_seconds)
        boot = RelayUserData(self, "Boot", settings=settings, role=role)
        template = ec2.LaunchTemplate(
            self,
            "Template",
            instance_type=ec2.InstanceType(config.instance_type),
            machine_image=image,
            role=role,
            security_group=self._security_group(vpc, config),
            user_data=ec2.UserData.custom(boot.script),
            # What the relay asks of AWS before it has its own address.
            associate_public_ip_address=True,
            detailed_monitoring=True,
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            instance_metadata_tags=True,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/sda1",
                    volume=ec2.BlockDeviceVolume.ebs(
                        DISK_GIB, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3
                    ),
                )
            ],
        )
        before: autoscaling.AutoScalingGroup | None = None
        for number, (name, address) in enumerate(zip(config.names, addresses, strict=True), start=1):
            group = self._group(f"Relay{number}", vpc, template)
            self._tag(group, number, name, address)
            if before:
                # One after the other: a change of all at once would leave no relay for new calls.
                group.node.add_dependency(before)
            before = group

    def _group(
        self, construct_id: str, vpc: ec2.IVpc, template: ec2.LaunchTemplate
    ) -> autoscaling.AutoScalingGroup:
        group = autoscaling.AutoScalingGroup(
            self,
            construct_id,
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            launch_template=template,
            min_capacity=1,
            max_capacity=1,
            # The successor waits for the address until the last calls of its predecessor have ended.
            signals=autoscaling.Signals.wait_for_all(timeout=self._drain.plus(START)),
            update_policy=autoscaling.UpdatePolicy.rolling_update(min_instances_in_service=0),
        )
        # In the group itself: CloudFormation would make a separate hook after the first instance.
        _resource(group).lifecycle_hook_specification_list = [
            autoscaling.CfnAutoScalingGroup.LifecycleHookSpecificationProperty(
                lifecycle_hook_name=relay_settings.HOOK,
                lifecycle_transition="autoscaling:EC2_INSTANCE_TERMINATING",
                heartbeat_timeout=self._drain.plus(NOTICE).to_seconds(),
                default_result="CONTINUE",
            )
        ]
        acknowledge(
            group, "AwsSolutions-AS3", "A group of one never scales; a replaced relay keeps its address."
        )
        return group

    def _tag(self, group: autoscaling.AutoScalingGroup, number: int, name: str, address: ec2.CfnEIP) -> None:
        """Tell an instance who it is: it reads its tags without a right to look anything up."""
        resource = Stack.of(self).get_logical_id(_resource(group))
        Tags.of(group).add(relay_settings.ADDRESS_ID_TAG, address.attr_allocation_id)
        Tags.of(group).add(relay_settings.ADDRESS_TAG, address.ref)
        Tags.of(group).add(relay_settings.NAME_TAG, name)
        Tags.of(group).add(relay_settings.RESOURCE_TAG, resource)
        Tags.of(group).add(relay_settings.REBOOT_TAG, f"{FIRST_REBOOT_HOUR + number - 1:02}:00")

    def _security_group(self, vpc: ec2.IVpc, config: CoturnConfig) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="TURN relays: calls in, media out", allow_all_outbound=False
        )
        everywhere = ec2.Peer.any_ipv4()
        relayed = ec2.Port.udp_range(config.relay_ports_first, config.relay_ports_last)
        for port in TURN_PORTS:
            group.add_ingress_rule(everywhere, ec2.Port.udp(port), "TURN over UDP")
            group.add_ingress_rule(everywhere, ec2.Port.tcp(port), "TURN over TCP and TLS")
        group.add_ingress_rule(everywhere, relayed, "Media towards a relayed address")
        group.add_egress_rule(everywhere, ec2.Port.udp_range(1024, 65535), "Media towards a peer")
        group.add_egress_rule(everywhere, ec2.Port.tcp(443), "AWS APIs, certificates")
        group.add_egress_rule(everywhere, ec2.Port.tcp(80), "Signed updates of Ubuntu")
        acknowledge(group, "AwsSolutions-EC23", "Callers are anywhere; coturn asks each for a credential.")
        return group


def _resource(group: autoscaling.AutoScalingGroup) -> autoscaling.CfnAutoScalingGroup:
    resource = group.node.default_child
    if not isinstance(resource, autoscaling.CfnAutoScalingGroup):
        raise TypeError(f"{group.node.path} is made of {resource}; this was written for one group resource.")
    return resource
