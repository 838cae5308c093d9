"""The HTTP API in front of the door's function."""

import json
from collections.abc import Iterable

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.config import DoorConfig, GuestsConfig, TelephonyConfig
from stacks.parts.acknowledge import acknowledge
from stacks.parts.callers import Callers
from stacks.parts.log_keeping import LogKeeping

SESSIONS, GUEST_SESSIONS, INVITES = "/sessions", "/guest/sessions", "/invites"
PHONES = "/telephony/{provider}"

OPENING = ("", (apigateway.HttpMethod.POST,))
OF_A_SESSION = (
    ("/{id}", (apigateway.HttpMethod.GET, apigateway.HttpMethod.DELETE)),
    ("/{id}/offer", (apigateway.HttpMethod.POST, apigateway.HttpMethod.PATCH)),
    ("/{id}/relays", (apigateway.HttpMethod.POST,)),
    ("/{id}/stats", (apigateway.HttpMethod.POST,)),
)

OF_AN_INVITE = (("/{invite}", (apigateway.HttpMethod.DELETE,)),)

type Paths = Iterable[tuple[str, tuple[apigateway.HttpMethod, ...]]]

# A token is in the first; the others are what the AWS SDKs send besides when they sign a request.
SENT_HEADERS = [
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
    """An API without routes, throttled and logged; `serve` adds those that callers use."""

    api: apigateway.HttpApi
    url: str

    def __init__(self, scope: Construct, construct_id: str, *, config: DoorConfig, logs: LogKeeping) -> None:
        super().__init__(scope, construct_id)
        self.api = apigateway.HttpApi(
            self,
            "Api",
            # The construct library would call it `Api`, and the console lists those of every stage.
            api_name=Stack.of(self).stack_name,
            description="Hotline: opens, connects, shows and ends voice sessions",
            create_default_stage=False,
            cors_preflight=_cors(config),
        )
        self._config = config
        self._throttled: dict[str, dict[str, int]] = {}
        self._stage = self._add_stage(config, logs)
        # The address that the API itself reports: `stage.url` would spell it out for AWS only.
        self.url = self.api.api_endpoint

    def serve(self, function: lambda_.IFunction, callers: Callers) -> None:
        """Let *callers*, and nobody else, reach *function*.

        It comes after the API itself, because where people sign in needs to know where the page is, which is
        in front of the API.
        """
        self._integration = integrations.HttpLambdaIntegration("Function", function)
        self._add(SESSIONS, (OPENING, *OF_A_SESSION), callers.authorizer, callers.scopes)
        opening = f"POST {SESSIONS}"
        rate, burst = self._config.new_sessions_per_second, self._config.new_session_burst
        self._throttle((opening,), rate=rate, burst=burst)

    def serve_guests(
        self, callers: Callers, guests: apigateway.IHttpRouteAuthorizer, config: GuestsConfig
    ) -> None:
        """Let *callers* make and withdraw invites for the function that serves them, and *guests* use them."""
        inviting = self._add(INVITES, (OPENING, *OF_AN_INVITE), callers.authorizer, callers.scopes)
        visiting = self._add(GUEST_SESSIONS, (OPENING, *OF_A_SESSION), guests)
        self._throttle((*inviting, *visiting), rate=config.requests_per_second, burst=config.request_burst)

    def serve_phones(self, function: lambda_.IFunction, config: TelephonyConfig) -> None:
        """Let anybody reach *function*, which believes only what a provider has signed."""
        routes = self.api.add_routes(
            path=PHONES,
            methods=[apigateway.HttpMethod.POST],
            integration=integrations.HttpLambdaIntegration("Phones", function),
            authorizer=apigateway.HttpNoneAuthorizer(),
        )
        for route in routes:
            acknowledge(
                route,
                "AwsSolutions-APIG4",
                "Providers of phone numbers sign their requests and have no way to sign in: the function verifies each "
                "by its provider's own rule, and has the rights for phone calls alone.",
            )
        self._stage.node.add_dependency(*routes)
        self._throttle((f"POST {PHONES}",), rate=config.requests_per_second, burst=config.request_burst)

    def _add(
        self,
        prefix: str,
        paths: Paths,
        authorizer: apigateway.IHttpRouteAuthorizer,
        scopes: Iterable[str] = (),
    ) -> tuple[str, ...]:
        """Add routes below *prefix*, and return their keys."""
        keys = []
        for path, methods in paths:
            routes = self.api.add_routes(
                path=prefix + path,
                methods=list(methods),
                integration=self._integration,
                authorizer=authorizer,
                authorization_scopes=list(scopes) or None,
            )
            # API Gateway refuses a stage that has settings for a route which is not there yet.
            self._stage.node.add_dependency(*routes)
            keys += [f"{method.value} {prefix}{path}" for method in methods]
        return tuple(keys)

    def _throttle(self, keys: Iterable[str], *, rate: int, burst: int) -> None:
        limits = {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}
        self._throttled |= dict.fromkeys(keys, limits)
        self._stage.route_settings = self._throttled

    def _add_stage(self, config: DoorConfig, logs: LogKeeping) -> apigateway.CfnStage:
        log_group = logs.add_group(
            self,
            "AccessLogs",
            # AWS writes every group with another name into one policy of the account, for ever; at 5,120 characters
            # it takes no more, and no stage with a log can be deployed ("Enabling logging from AWS services").
            name=f"/aws/vendedlogs/{Stack.of(self).stack_name}/access",
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
        return resource


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
        allow_headers=SENT_HEADERS,
        # The second is API Gateway's own, also on what it answers by itself.
        expose_headers=["x-request-id", "apigw-requestid", "retry-after"],
        max_age=Duration.hours(1),
    )
