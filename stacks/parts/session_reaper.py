"""What ends the sessions that nobody else will end."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.config import DoorConfig
from stacks.parts.acknowledge import acknowledge
from stacks.parts.door_function import DoorFunction
from stacks.parts.log_keeping import LogKeeping
from stacks.parts.reaper_schedule import ReaperSchedule

# A run stops dead sessions one after another; at half a second each this is a hundred of them.
TIMEOUT = Duration.seconds(50)


class SessionReaper(Construct):
    """A function that runs every minute, and a queue with the runs that failed."""

    function: lambda_.Function
    role: iam.Role

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: DoorConfig,
        environment: Mapping[str, str],
        layers: Sequence[lambda_.ILayerVersion],
        logs: LogKeeping,
    ) -> None:
        super().__init__(scope, construct_id)
        failures = sqs.Queue(
            self,
            "Failures",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(4),
        )
        acknowledge(failures, "AwsSolutions-SQS3", "This is the dead-letter queue.")
        door_function = DoorFunction(
            self,
            "Reaper",
            handler="handlers.handle_schedule",
            description="ends sessions that nobody else will end",
            timeout=TIMEOUT,
            environment=environment,
            layers=layers,
            reserved_concurrency=1 if config.reserved_concurrency else 0,
            logs=logs,
            dead_letter_queue=failures,
        )
        self.function = door_function.function
        self.role = door_function.role
        # A failed run is not repeated: the next minute brings the next one.
        self.function.configure_async_invoke(retry_attempts=0, max_event_age=Duration.minutes(1))
        ReaperSchedule(self, "EveryMinute", function=self.function, failures=failures)
