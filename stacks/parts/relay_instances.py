"""The instances that relay: one auto-scaling group of one for each address."""

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Stack, Tags
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.config import CoturnConfig
from stacks.parts.acknowledge import acknowledge, acknowledge_pattern

COTURN = Path(__file__).parents[2] / "turn" / "coturn"
RELAY_FILES = ("turnserver.conf", "host.nft", "render.py")

# Canonical's public parameter ("Find Ubuntu images with the SSM parameter store", Ubuntu on AWS
# documentation).  Ubuntu packages coturn and ships the SSM agent; Amazon Linux 2023 has no coturn.
IMAGE_PARAMETER = "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"
DISK_GIB = 8
TURN_PORTS = (443, 3478)


class RelayInstances(Construct):
    """Hardened instances that come up as relays by themselves: no SSH, IMDSv2 only, encrypted disks."""

    role: iam.Role

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: CoturnConfig,
        vpc: ec2.IVpc,
        addresses: Sequence[ec2.CfnEIP],
        secret_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = self._role(addresses)
        template = ec2.LaunchTemplate(
            self,
            "Template",
            instance_type=ec2.InstanceType(config.instance_type),
            machine_image=ec2.MachineImage.resolve_ssm_parameter_at_launch(IMAGE_PARAMETER),
            role=self.role,
            security_group=self._security_group(vpc, config),
            user_data=ec2.UserData.custom(self._user_data(config, secret_arn)),
            # Packages are fetched before the relay's own address is attached.
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
        for number, address in enumerate(addresses, start=1):
            self._group(f"Relay{number}", vpc, template, address)

    def _group(
        self, construct_id: str, vpc: ec2.IVpc, template: ec2.LaunchTemplate, address: ec2.CfnEIP
    ) -> None:
        group = autoscaling.AutoScalingGroup(
            self,
            construct_id,
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            launch_template=template,
            min_capacity=1,
            max_capacity=1,
            update_policy=autoscaling.UpdatePolicy.rolling_update(min_instances_in_service=0),
        )
        # The instance reads both from its metadata: no call, and no right, to look addresses up.
        Tags.of(group).add("hotline-address-id", address.attr_allocation_id)
        Tags.of(group).add("hotline-address", address.ref)
        acknowledge(
            group, "AwsSolutions-AS3", "A group of one never scales; a replaced relay keeps its address."
        )

    def _role(self, addresses: Sequence[ec2.CfnEIP]) -> iam.Role:
        stack = Stack.of(self)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            description="Hotline: what a TURN relay may do",
        )
        elastic_ips = [
            stack.format_arn(service="ec2", resource="elastic-ip", resource_name=one.attr_allocation_id)
            for one in addresses
        ]
        # Any instance and interface of the account: which one takes the address is known at boot only.  The
        # addresses are ours alone.
        anything = [
            stack.format_arn(service="ec2", resource=kind, resource_name="*")
            for kind in ("instance", "network-interface")
        ]
        role.add_to_policy(
            iam.PolicyStatement(actions=["ec2:AssociateAddress"], resources=[*elastic_ips, *anything])
        )
        # Session Manager instead of SSH; these actions name no resource (service authorization reference).
        role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "ssm:UpdateInstanceInformation",
                    "ssmmessages:CreateControlChannel",
                    "ssmmessages:CreateDataChannel",
                    "ssmmessages:OpenControlChannel",
                    "ssmmessages:OpenDataChannel",
                ],
                resources=["*"],
            )
        )
        acknowledge_pattern(role, "*", "Session Manager's actions name no resource.")
        for arn in anything:
            acknowledge_pattern(role, arn, "Which instance takes the relay's address is known at boot only.")
        return role

    def _security_group(self, vpc: ec2.IVpc, config: CoturnConfig) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="TURN relays: calls in, media out", allow_all_outbound=False
        )
        everywhere = ec2.Peer.any_ipv4()
        relayed = ec2.Port.udp_range(config.relay_ports_first, config.relay_ports_last)
        for port in TURN_PORTS:
            group.add_ingress_rule(everywhere, ec2.Port.udp(port), "TURN over UDP")
            group.add_ingress_rule(everywhere, ec2.Port.tcp(port), "TURN over TCP")
        group.add_ingress_rule(everywhere, relayed, "Media towards a relayed address")
        group.add_egress_rule(everywhere, ec2.Port.udp_range(1024, 65535), "Media towards a peer")
        group.add_egress_rule(everywhere, ec2.Port.tcp(443), "AWS APIs")
        group.add_egress_rule(everywhere, ec2.Port.tcp(80), "Signed packages of Ubuntu")
        acknowledge(group, "AwsSolutions-EC23", "Callers are anywhere; coturn asks each for a credential.")
        return group

    def _user_data(self, config: CoturnConfig, secret_arn: str) -> str:
        variables = {
            "AWS_DEFAULT_REGION": Stack.of(self).region,
            "SECRET_ARN": secret_arn,
            "REALM": config.realm,
            "RELAY_PORTS_FIRST": config.relay_ports_first,
            "RELAY_PORTS_LAST": config.relay_ports_last,
            "TOTAL_QUOTA": config.relay_ports_last - config.relay_ports_first + 1,
        }
        exports = "\n".join(f"export {name}='{value}'" for name, value in variables.items())
        files = "".join(
            f"cat > /etc/hotline/{name} <<'END'\n{(COTURN / name).read_text()}END\n" for name in RELAY_FILES
        )
        boot = (COTURN / "boot.sh").read_text()
        return f"#!/bin/bash\n{exports}\nmkdir -p /etc/hotline\n{files}{boot}"
