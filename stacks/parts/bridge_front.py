"""What providers connect to: one name, one path, TLS."""

from aws_cdk import Duration
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from stacks.parts.acknowledge import acknowledge
from stacks.parts.bridge_service import PORT
from stacks.sections.bridge import FargateBridgeConfig

STREAM, HEALTH = "/stream", "/health"

# Providers send a packet every 20 ms, the agent one whenever it speaks: a stream this silent is dead.
IDLE = Duration.seconds(60)

# How long a task that is to end keeps the calls it has; the most that a target group takes.
LONGEST_DRAIN_SECONDS = 3_600
FAREWELL_SECONDS = 60


class BridgeFront(Construct):
    """An application load balancer: it speaks HTTP, so that only a WebSocket's handshake gets any further."""

    address: str

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: FargateBridgeConfig,
        vpc: ec2.IVpc,
        tasks: ec2.SecurityGroup,
        call_seconds: int,
    ) -> None:
        super().__init__(scope, construct_id)
        group = self._group(vpc, tasks)
        self._balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=vpc,
            internet_facing=True,
            security_group=group,
            idle_timeout=IDLE,
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.STRICTEST,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
        )
        acknowledge(
            self._balancer,
            "AwsSolutions-ELB2",
            "The bridge logs each stream with its session itself; an access log would add the provider's addresses "
            "and scanners, in a bucket that outlives the stack.",
        )
        self.address = self._balancer.load_balancer_dns_name
        self._targets = self._target_group(vpc, call_seconds)
        self._listen(config)

    def serve(self, service: elb.IApplicationLoadBalancerTarget) -> None:
        """Send streams to *service*."""
        self._targets.add_target(service)

    def _group(self, vpc: ec2.IVpc, tasks: ec2.SecurityGroup) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="Load balancer of the bridge", allow_all_outbound=False
        )
        group.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "Streams of phone providers")
        group.add_egress_rule(tasks, ec2.Port.tcp(PORT), "Tasks of the bridge")
        tasks.add_ingress_rule(group, ec2.Port.tcp(PORT), "The load balancer")
        acknowledge(
            group,
            "AwsSolutions-EC23",
            "Providers do not publish the addresses that their streams come from; whoever connects has five seconds "
            "to show a ticket that is good once.",
        )
        return group

    def _target_group(self, vpc: ec2.IVpc, call_seconds: int) -> elb.ApplicationTargetGroup:
        return elb.ApplicationTargetGroup(
            self,
            "Tasks",
            vpc=vpc,
            port=PORT,
            protocol=elb.ApplicationProtocol.HTTP,
            target_type=elb.TargetType.IP,
            # A stream lasts as long as its call, so the task with the fewest gets the next.
            load_balancing_algorithm_type=elb.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
            deregistration_delay=Duration.seconds(
                min(call_seconds + FAREWELL_SECONDS, LONGEST_DRAIN_SECONDS)
            ),
            health_check=elb.HealthCheck(
                path=HEALTH,
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                healthy_threshold_count=2,
            ),
        )

    def _listen(self, config: FargateBridgeConfig) -> None:
        listener = self._balancer.add_listener(
            "Tls",
            port=443,
            protocol=elb.ApplicationProtocol.HTTPS,
            certificates=[acm.Certificate.from_certificate_arn(self, "Certificate", config.certificate_arn)],
            ssl_policy=elb.SslPolicy.RECOMMENDED_TLS,
            open=False,
            default_action=elb.ListenerAction.fixed_response(404),
        )
        listener.add_action(
            "Streams",
            priority=1,
            conditions=[
                elb.ListenerCondition.host_headers([config.host_name]),
                elb.ListenerCondition.path_patterns([STREAM]),
            ],
            action=elb.ListenerAction.forward([self._targets]),
        )
