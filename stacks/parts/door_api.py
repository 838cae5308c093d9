"""The HTTP API in front of the door's function."""

import json

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.config import DoorConfig
from stacks.parts.retention import retention

ROUTES = (
    ("/sessions", (apigateway.HttpMethod.POST,)),
    ("/sessions/{id}", (apigateway.HttpMethod.GET, apigateway.HttpMethod.DELETE)),
    ("/sessions/{id}/offer", (apigateway.HttpMethod.POST, apigateway.HttpMethod.PATCH)),
    ("/sessions/{id}/relays", (apigateway.HttpMethod.POST,)),
    ("/sessions/{id}/stats", (apigateway.HttpMethod.POST,)),
)

# What the AWS SDKs send when they sign a request.
SIGNED_HEADERS = [
    "authorization",
    "content-type",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
]

# The route instead of the path, and neither query string, address nor caller: a log is no place for them.
LOGGED = {
    "requestId": "$context.requestId",
    "requestTimeEpoch": "$context.requestTimeEpoch",
    "route": "$context.routeKey",
    "status": "$context.status",
    "responseLatency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "integrationStatus": "$context.integration.integrationStatus",
    "error": "$context.error.responseType",
}


class DoorApi(Construct):
    """A few routes, each for callers who sign with IAM, throttled and logged."""

    api: apigateway.HttpApi
    url: str

    def __init__(
        self, scope: Construct, construct_id: str, *, config: DoorConfig, function: lambda_.IFunction
    ) -> None:
        super().__init__(scope, construct_id)
        self.api = apigateway.HttpApi(
            self,
            "Api",
            description="Hotline: opens, connects, shows and ends voice sessions",
            create_default_stage=False,
            default_authorizer=authorizers.HttpIamAuthorizer(),
            cors_preflight=_cors(config),
        )
        integration = integrations.HttpLambdaIntegration("Function", function)
        self._routes = [
            route
            for path, methods in ROUTES
            for route in self.api.add_routes(path=path, methods=list(methods), integration=integration)
        ]
        self._stage(config)
        # The address that the API itself reports: `stage.url` would spell it out for AWS only.
        self.url = self.api.api_endpoint

    def grant_call(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* open sessions, and connect, look at and end their own."""
        for route in self._routes:
            route.grant_invoke(grantee)

    def _stage(self, config: DoorConfig) -> None:
        log_group = logs.LogGroup(
            self,
            "AccessLogs",
            retention=retention(config.log_retention_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=config.requests_per_second, burst_limit=config.request_burst
            ),
        )
        resource = stage.node.default_child
        assert isinstance(resource, apigateway.CfnStage)  # noqa: S101
        resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn, format=json.dumps(LOGGED)
        )


def _cors(config: DoorConfig) -> apigateway.CorsPreflightOptions | None:
    if not config.allowed_origins:
        return None
    return apigateway.CorsPreflightOptions(
        allow_origins=list(config.allowed_origins),
        allow_methods=[
            apigateway.CorsHttpMethod.POST,
            apigateway.CorsHttpMethod.PATCH,
            apigateway.CorsHttpMethod.GET,
            apigateway.CorsHttpMethod.DELETE,
        ],
        allow_headers=SIGNED_HEADERS,
        expose_headers=["x-request-id", "retry-after"],
        max_age=Duration.hours(1),
    )
