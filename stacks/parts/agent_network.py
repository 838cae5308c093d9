"""The VPC that the agent's network interfaces live in."""

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.config import NetworkConfig
from stacks.parts.log_keeping import LogKeeping

# Each public subnet holds a NAT gateway and at most the relays, each private one the interfaces that all
# sessions of a runtime share: /24 is generous, and six of them fit the smallest range a stage may name.
SUBNET_PREFIX_LENGTH = 24


class AgentNetwork(Construct):
    """Private subnets in zones that AgentCore supports, a way out, and a record of what took it."""

    vpc: ec2.Vpc

    def __init__(
        self, scope: Construct, construct_id: str, *, config: NetworkConfig, logs: LogKeeping
    ) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(config.cidr),
            availability_zones=list(config.availability_zone_ids),
            nat_gateways=1 if config.nat_gateways == "one" else len(config.availability_zone_ids),
            # The default closes it with a Lambda function of its own; ClosedDefaultGroup needs none.
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=SUBNET_PREFIX_LENGTH,
                    map_public_ip_on_launch=False,
                ),
                ec2.SubnetConfiguration(
                    name="Agent",
                    subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS,
                    cidr_mask=SUBNET_PREFIX_LENGTH,
                ),
            ],
            # Both are free, and keep the bundle and the tables off the NAT gateway.
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "Tables": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
        )
        self._place_by_zone_id(config.availability_zone_ids)
        self._record_flows(logs)
        self._add_interface_endpoints(config.interface_endpoints)

    def _place_by_zone_id(self, zone_ids: tuple[str, ...]) -> None:
        """Name zones by id, which CloudFormation takes too; the construct knows only names.

        `us-east-1a` is another building in every account, and asking which would need the network.
        """
        for subnets in (self.vpc.public_subnets, self.vpc.private_subnets):
            for subnet, zone_id in zip(subnets, zone_ids, strict=True):
                resource = subnet.node.default_child
                assert isinstance(resource, ec2.CfnSubnet)  # noqa: S101 - narrows the type
                resource.availability_zone = None
                resource.availability_zone_id = zone_id

    def _record_flows(self, logs: LogKeeping) -> None:
        group = logs.add_group(self, "Flows")
        role = iam.Role(
            self,
            "FlowsRole",
            description="Hotline: lets the VPC write its flow log",
            # The construct library's own role names no account, so flow logs of any could write here.
            # Source: "IAM role for publishing flow logs to CloudWatch Logs", Amazon VPC user guide.
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            ),
        )
        self.vpc.add_flow_log("All", destination=ec2.FlowLogDestination.to_cloud_watch_logs(group, role))

    def _add_interface_endpoints(self, services: tuple[str, ...]) -> None:
        if not services:
            return
        group = ec2.SecurityGroup(
            self,
            "EndpointGroup",
            vpc=self.vpc,
            description="HTTPS from the private subnets to PrivateLink endpoints",
            allow_all_outbound=False,
        )
        for subnet in self.vpc.private_subnets:
            group.add_ingress_rule(
                ec2.Peer.ipv4(subnet.ipv4_cidr_block), ec2.Port.tcp(443), "AWS APIs over PrivateLink"
            )
        for service in services:
            self.vpc.add_interface_endpoint(
                service,
                service=ec2.InterfaceVpcEndpointAwsService(service),
                security_groups=[group],
                open=False,
            )
