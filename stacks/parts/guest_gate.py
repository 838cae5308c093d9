"""Where API Gateway asks whether somebody without a sign-in may pass: one key, and one function that compares."""

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from runtime.settings.guests import GuestGateSettings, GuestSettings
from stacks.config import GuestsConfig
from stacks.parts.door_function import DoorFunction
from stacks.parts.log_keeping import LogKeeping

# API Gateway waits 10 s for an authorizer ("Quotas for HTTP APIs"); it asks KMS, which takes milliseconds.
TIMEOUT = Duration.seconds(8)

# The least that KMS allows: whoever deletes a stage has a week to think again.
PENDING = Duration.days(7)


class GuestGate(Construct):
    """A key that seals invites and guests' tokens, and the authorizer that reads them.

    The key never leaves KMS.  The door may make seals and compare none, the authorizer may compare and make
    none: docs/decisions/invite-key.md.
    """

    authorizer: apigateway.IHttpRouteAuthorizer
    environment: Mapping[str, str]
    """What the door must know besides, to let guests in."""
    function: lambda_.Function
    role: iam.Role

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: GuestsConfig,
        stage: str,
        region: str,
        logs: LogKeeping,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = kms.Key(
            self,
            "Seals",
            description=f"Hotline {stage}: seals invites and the tokens of guests",
            key_spec=kms.KeySpec.HMAC_256,
            key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
            pending_window=PENDING,
            removal_policy=RemovalPolicy.DESTROY,
        )
        key = self._key.key_arn
        self.environment = _settings(config, stage, region, key).to_environment()
        settings = GuestGateSettings(stage=stage, region=region, invite_key=key)
        gate = DoorFunction(
            self,
            "Function",
            handler="authorizer.handle_authorization",
            description="judges the tokens of guests",
            timeout=TIMEOUT,
            environment=settings.to_environment(),
            reserved_concurrency=0,
            logs=logs,
        )
        self._key.grant_verify_mac(gate.role)
        self.function, self.role = gate.function, gate.role
        self.authorizer = authorizers.HttpLambdaAuthorizer(
            "Guests",
            gate.function,
            identity_source=["$request.header.Authorization"],
            response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
            # A kept answer would be for the token alone, and let it pass to any session until it is forgotten.
            results_cache_ttl=Duration.seconds(0),
        )

    def grant_invite(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* seal invites and guests' tokens."""
        self._key.grant_generate_mac(grantee)


def _settings(config: GuestsConfig, stage: str, region: str, key: str) -> GuestSettings:
    return GuestSettings(
        stage=stage,
        region=region,
        invite_key=key,
        invite_seconds=config.invite_seconds,
        invites_per_minute=config.invites_per_minute,
        guest_call_seconds=config.call_seconds,
        guest_concurrency=config.concurrency,
        guests_per_inviter=config.concurrency_per_inviter,
    )
