"""Where providers of phone numbers ask what to do with a call: one function, one key, one open route."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import CfnOutput, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from runtime.settings.telephony import PhoneLine, TelephonySettings, lines_to_text
from stacks.config import TelephonyConfig
from stacks.parts.door_api import DoorApi
from stacks.parts.door_function import DoorFunction
from stacks.parts.door_layer import DoorLayer
from stacks.parts.log_keeping import LogKeeping
from stacks.runtime_stack import RuntimeStack

# Of the providers that do not ask again Twilio waits shortest, for 15 s ("Webhooks connection overrides").
TIMEOUT = Duration.seconds(15)

# The least that KMS allows: whoever deletes a stage has a week to think again.
PENDING = Duration.days(7)


class TelephonyEntry(Construct):
    """The function that verifies providers' webhooks, and lets callers in.

    Its route is open, because providers sign instead of signing in; so the function has rights of its own, and none
    of the door's others: docs/decisions/telephony-entry.md.
    """

    function: lambda_.Function
    role: iam.Role

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: TelephonyConfig,
        api: DoorApi,
        door_environment: Mapping[str, str],
        door_layer: lambda_.ILayerVersion,
        layer: Path,
        runtime: RuntimeStack,
        tells_numbers: bool,
        logs: LogKeeping,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = kms.Key(
            self,
            "Callers",
            description="Hotline: hides the numbers of callers",
            key_spec=kms.KeySpec.HMAC_256,
            key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
            pending_window=PENDING,
            removal_policy=RemovalPolicy.DESTROY,
        )
        settings = _settings(
            config, api_url=api.url, caller_key=self._key.key_arn, tells_numbers=tells_numbers
        )
        entry = DoorFunction(
            self,
            "Webhooks",
            handler="telephony.handler.handle_telephony",
            description="takes calls from phones",
            timeout=TIMEOUT,
            environment={**door_environment, **settings.to_environment()},
            layers=(door_layer, DoorLayer(self, "Layer", layer=layer).version),
            reserved_concurrency=config.reserved_concurrency,
            logs=logs,
        )
        self.function, self.role = entry.function, entry.role
        self._grant(config, runtime)
        api.serve_phones(entry.function, config)
        CfnOutput(self, "TelephonyUrl", value=f"{settings.public_url}/telephony/").override_logical_id(
            "TelephonyUrl"
        )

    def _grant(self, config: TelephonyConfig, runtime: RuntimeStack) -> None:
        runtime.agent.grant_open(self.role)
        runtime.agent.grant_stop(self.role)
        runtime.ledger.grant_take_calls(self.role)
        self._key.grant_generate_mac(self.role)
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=[line.secret_arn for line in config.lines.values()],
        )


def _settings(
    config: TelephonyConfig, *, api_url: str, caller_key: str, tells_numbers: bool
) -> TelephonySettings:
    lines = {
        name: PhoneLine(secret_arn=line.secret_arn, numbers=line.numbers)
        for name, line in config.lines.items()
    }
    return TelephonySettings(
        caller_key=caller_key,
        public_url=config.public_url or api_url,
        phone_lines=lines_to_text(lines),
        phone_concurrency=config.concurrency,
        calls_per_number=config.concurrency_per_number,
        replay_seconds=config.replay_seconds,
        caller_countries=" ".join(config.caller_countries),
        caller_numbers=" ".join(config.caller_numbers),
        bridge_url=config.bridge.url if config.bridge else "",
        tells_numbers=tells_numbers,
    )
