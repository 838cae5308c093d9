"""One of the door's Lambda functions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import Duration, IgnoreMode, aws_logs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.parts.acknowledge import acknowledge
from stacks.parts.log_keeping import LogKeeping

ROOT = Path(__file__).parents[2]

# All that the door imports besides the standard library and its layers.  The functions without a layer ask KMS and
# DynamoDB alone, for what botocore has known for years: Lambda's own does.
SOURCES = (
    "runtime",
    "runtime/__init__.py",
    "runtime/clock.py",
    "runtime/errors.py",
    "runtime/metrics.py",
    "runtime/door",
    "runtime/door/*.py",
    "runtime/door/telephony",
    "runtime/door/telephony/*.py",
    "runtime/settings",
    "runtime/settings/*.py",
    "turn",
    "turn/*.py",
)

# 0.58 of a core ("Configure Lambda function memory": 1,769 MB is one): the 46 ms of processor that the first
# request of a process takes are 80 ms of waiting, and the 12 ms of each later one 21 ms; docs/decisions/door-start.md.
MEMORY_MB = 1_024

ARCHITECTURE = lambda_.Architecture.ARM_64

# The Python that compiles the agent's bundle (scripts/bundling) compiles the layers too, and byte-code is for
# one minor version: docs/decisions/door-models.md.
RUNTIME = lambda_.Runtime.PYTHON_3_13


class DoorFunction(Construct):
    """A function with a role and a log group of its own, and no right but to write there.

    Args:
        scope: Parent of this construct.
        construct_id: Its name below it.
        handler: Module below `runtime.door` and its function, such as `handlers.handle_request`.
        description: What it does, after "Hotline: ".
        timeout: Longest run.
        environment: All that it may know.
        reserved_concurrency: Runs at once that it always has; 0 shares the account's.
        logs: How its log is kept.
        layers: Third-party packages that it imports.
        dead_letter_queue: Where events go that it failed on.
        name: Only where another stack must know it; CloudFormation makes one up.
    """

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
        logs: LogKeeping,
        layers: Sequence[lambda_.ILayerVersion] = (),
        dead_letter_queue: sqs.IQueue | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = self._add_role_and_log(f"Hotline: {description}", logs)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=f"Hotline: {description}",
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            code=_code(),
            layers=list(layers),
            handler=f"runtime.door.{handler}",
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
        _acknowledge_python(self.function)

    def _add_role_and_log(self, description: str, logs: LogKeeping) -> aws_logs.LogGroup:
        """Add a role that may write to the log group that is returned.

        The construct library's own role may write to every log group of the account.
        """
        log_group = logs.add_group(self, "Logs")
        self.role = iam.Role(
            self,
            "Role",
            description=description,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log_group.grant_write(self.role)
        return log_group


def _acknowledge_python(function: lambda_.Function) -> None:
    acknowledge(
        function,
        "AwsSolutions-L1",
        "Python 3.13, supported until 2029, is what the layers' byte-code is compiled for: with 3.14 every cold "
        "start would compile them anew.",
    )


def _code() -> lambda_.Code:
    wanted = [f"!{one}" for one in SOURCES]
    return lambda_.Code.from_asset(str(ROOT), exclude=["*", *wanted], ignore_mode=IgnoreMode.GIT)
