"""One of the door's Lambda functions."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Duration, IgnoreMode, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.parts.retention import retention

ROOT = Path(__file__).parents[2]

# All that the door imports besides the standard library and the boto3 that Lambda brings.
SOURCES = (
    "runtime",
    "runtime/__init__.py",
    "runtime/errors.py",
    "runtime/metrics.py",
    "runtime/settings.py",
    "runtime/door",
    "runtime/door/*.py",
    "turn",
    "turn/*.py",
)

# 512 MB is 0.3 of a core: importing boto3, which is the cold start, takes half as long as on 256 MB.
# Source: "Configure Lambda function memory" (1,769 MB is one core).
MEMORY_MB = 512


class DoorFunction(Construct):
    """A function with a role and a log group of its own, and no right but to write there."""

    function: lambda_.Function
    role: iam.Role

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        description: str,
        timeout: Duration,
        environment: Mapping[str, str],
        reserved_concurrency: int,
        log_retention_days: int,
        dead_letter_queue: sqs.IQueue | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=retention(log_retention_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        # The construct library's own role may write to every log group of the account.
        self.role = iam.Role(
            self,
            "Role",
            description=f"Hotline: {description}",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"Hotline: {description}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            code=_code(),
            handler=f"runtime.door.handlers.{handler}",
            memory_size=MEMORY_MB,
            timeout=timeout,
            environment=dict(environment),
            reserved_concurrent_executions=reserved_concurrency or None,
            role=self.role,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            dead_letter_queue=dead_letter_queue,
        )
        # The rights must be there before the first event, and CloudFormation orders only the role.
        self.function.node.add_dependency(self.role)


def _code() -> lambda_.Code:
    wanted = [f"!{one}" for one in SOURCES]
    return lambda_.Code.from_asset(str(ROOT), exclude=["*", *wanted], ignore_mode=IgnoreMode.GIT)
