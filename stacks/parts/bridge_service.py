"""The tasks of the bridge, and how many there are."""

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from constructs import Construct

from runtime import metrics
from stacks.parts.acknowledge import acknowledge
from stacks.parts.bridge_role import BridgeRoles
from stacks.parts.call_metric import call_metric
from stacks.sections.bridge import FargateBridgeConfig

PORT = 8080

CPU_UNITS, MEMORY_MIB = 512, 1_024
"""0.5 vCPU and 1 GB; docs/bridge.md has the measurement."""

# From SIGTERM to SIGKILL: the most that Fargate gives ("Container definition parameters", Amazon ECS).
STOP = Duration.seconds(120)

# Downloading and unpacking the bundle takes most of it.
START = Duration.seconds(120)

BUSY_SHARE = 0.6
"""Of a task's streams from which on there are more tasks: starting one takes a minute."""

NOBODY = "65534:65534"


class BridgeService(Construct):
    """A service on Fargate in the private subnets, whose tasks only the load balancer reaches."""

    service: ecs.FargateService

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: FargateBridgeConfig,
        stage: str,
        vpc: ec2.IVpc,
        group: ec2.SecurityGroup,
        roles: BridgeRoles,
        log_group: logs.LogGroup,
        environment: dict[str, str],
        program: str,
    ) -> None:
        super().__init__(scope, construct_id)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc, container_insights_v2=ecs.ContainerInsights.ENABLED)
        task = self._task(config, roles, log_group, environment, program)
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=task,
            platform_version=ecs.FargatePlatformVersion.VERSION1_4,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            security_groups=[group],
            assign_public_ip=False,
            min_healthy_percent=100,
            max_healthy_percent=200,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            health_check_grace_period=START,
        )
        self._scale(config, stage)

    def _task(
        self,
        config: FargateBridgeConfig,
        roles: BridgeRoles,
        log_group: logs.LogGroup,
        environment: dict[str, str],
        program: str,
    ) -> ecs.FargateTaskDefinition:
        task = ecs.FargateTaskDefinition(
            self,
            "Task",
            cpu=CPU_UNITS,
            memory_limit_mib=MEMORY_MIB,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
            execution_role=roles.execution,
            task_role=roles.task,
        )
        task.add_container(
            "Bridge",
            image=ecs.ContainerImage.from_registry(config.image),
            command=["python", "-c", program],
            environment=environment,
            user=NOBODY,
            stop_timeout=STOP,
            logging=ecs.LogDriver.aws_logs(stream_prefix="bridge", log_group=log_group),
            port_mappings=[ecs.PortMapping(container_port=PORT)],
        )
        acknowledge(
            task,
            "AwsSolutions-ECS2",
            "The variables name resources and limits; there is no secret among them, and the program has none but "
            "its role's.",
        )
        return task

    def _scale(self, config: FargateBridgeConfig, stage: str) -> None:
        """Follow the streams of the average task: each task says once a minute how many it has."""
        self.service.auto_scale_task_count(
            min_capacity=config.least_tasks, max_capacity=config.most_tasks
        ).scale_to_track_custom_metric(
            "Streams",
            metric=call_metric(metrics.BRIDGED_STREAMS, stage, "Average", period=Duration.minutes(1)),
            target_value=BUSY_SHARE * config.streams_per_task,
            scale_in_cooldown=Duration.minutes(10),
            scale_out_cooldown=Duration.minutes(1),
        )
