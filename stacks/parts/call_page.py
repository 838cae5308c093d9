"""The function that serves the call page, and the routes that lead to it."""

from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from runtime.settings.page import PageSettings
from stacks.parts.acknowledge import acknowledge
from stacks.parts.log_keeping import LogKeeping

ROUTES = ("/", "/page/config.json", "/page/{version}/{file}")

# It reads 250 KB once and imports nothing but the standard library.
MEMORY_MB = 256
TIMEOUT = Duration.seconds(5)

WRITTEN_BY_THE_BUILD = "made-from"


class CallPage(Construct):
    """Files for everybody, from a function that may do nothing but write its log.

    Args:
        scope: Parent of this construct.
        construct_id: Its name below it.
        settings: What the page may know.
        code: What `scripts/page` made.
        api: Where the page is found.
        reserved_concurrency: Of the function; 0 shares the account's.
        logs: How its log is kept.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PageSettings,
        code: Path,
        api: apigateway.HttpApi,
        reserved_concurrency: int,
        logs: LogKeeping,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.add_group(self, "Logs")
        description = "Hotline: serves the call page"
        role = iam.Role(
            self,
            "Role",
            description=description,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log_group.grant_write(role)
        function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(str(code), exclude=[WRITTEN_BY_THE_BUILD, "__pycache__"]),
            handler="runtime.door.call_page.handle_page",
            memory_size=MEMORY_MB,
            timeout=TIMEOUT,
            environment=settings.to_environment(),
            reserved_concurrent_executions=reserved_concurrency or None,
            role=role,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
        )
        function.node.add_dependency(role)
        self._open(api, function)

    def _open(self, api: apigateway.HttpApi, function: lambda_.IFunction) -> None:
        integration = integrations.HttpLambdaIntegration("Page", function)
        for path in ROUTES:
            for route in api.add_routes(
                path=path,
                methods=[apigateway.HttpMethod.GET],
                integration=integration,
                authorizer=apigateway.HttpNoneAuthorizer(),
            ):
                acknowledge(
                    route,
                    "AwsSolutions-APIG4",
                    "The page's files are for everybody: who has not signed in yet must be able to load what "
                    "signs them in, and the function behind has no right at all.",
                )
