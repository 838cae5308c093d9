"""A Cognito user pool whose people may call, and the pages that they sign in on."""

from collections.abc import Sequence

from aws_cdk import Aws, CfnOutput, Duration, Fn, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from stacks.config import CognitoAuthConfig
from stacks.parts.acknowledge import acknowledge
from stacks.parts.callers import SignIn

RESOURCE_SERVER, CALL = "door", "call"
SCOPE = f"{RESOURCE_SERVER}/{CALL}"
"""An ID token has no scope, and one that Cognito's API issues for a password has not this one: neither opens the door."""

# NIST SP 800-63B asks for 8 characters with a second factor and 15 without; AwsSolutions-COG1 for the classes.
PASSWORD_CHARACTERS = 15

_MFA = {
    "off": cognito.Mfa.OFF,
    "optional": cognito.Mfa.OPTIONAL,
    "required": cognito.Mfa.REQUIRED,
}
_PLANS = {
    "lite": cognito.FeaturePlan.LITE,
    "essentials": cognito.FeaturePlan.ESSENTIALS,
    "plus": cognito.FeaturePlan.PLUS,
}


class UserPoolCallers(Construct):
    """Holders of an access token of this pool.

    Args:
        scope: Parent of this construct.
        construct_id: Its name below it.
        config: Who may sign in, and how.
        page_urls: Where the call page is, so where a sign-in in the browser may end.
    """

    authorizer: apigateway.IHttpRouteAuthorizer
    scopes: tuple[str, ...] = (SCOPE,)
    sign_in: SignIn | None
    pool: cognito.UserPool

    def __init__(
        self, scope: Construct, construct_id: str, *, config: CognitoAuthConfig, page_urls: Sequence[str]
    ) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self.pool = self._add_pool(page_urls[0])
        self._scopes = self._add_scopes()
        prefix = config.domain_prefix or _made_up_prefix()
        self._add_domain(prefix)
        page = self._add_client("Page", page_urls)
        port = config.terminal_port
        terminal = self._add_client("Terminal", [f"http://localhost:{port}/"]) if port else None
        clients = [one.user_pool_client_id for one in (page, terminal) if one]
        region = Stack.of(self).region
        self._say_how_to_add_people(region)
        keys = f"https://cognito-idp.{region}.amazonaws.com"
        issuer = f"{keys}/{self.pool.user_pool_id}"
        self.authorizer = authorizers.HttpJwtAuthorizer("UserPool", issuer, jwt_audience=clients)
        self.sign_in = SignIn(
            issuer=issuer,
            audiences=tuple(clients),
            page_client_id=page.user_pool_client_id,
            terminal_client_id=terminal.user_pool_client_id if terminal else "",
            terminal_port=port or 0,
            scopes=("openid", SCOPE),
            # Spelt out: a reference to the domain would tie whatever names these origins to the clients.
            origins=(keys, f"https://{prefix}.auth.{region}.amazoncognito.com"),
        )

    def _add_pool(self, page_url: str) -> cognito.UserPool:
        config = self._config
        pool = cognito.UserPool(
            self,
            "Pool",
            self_sign_up_enabled=config.self_sign_up,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            # A new address counts once it is proven, so that a mistyped one locks nobody out.
            keep_original=cognito.KeepOriginalAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa=_MFA[config.mfa],
            mfa_second_factor=None
            if config.mfa == "off"
            else cognito.MfaSecondFactor(otp=True, sms=False, email=False),
            password_policy=cognito.PasswordPolicy(
                min_length=PASSWORD_CHARACTERS,
                require_digits=True,
                require_lowercase=True,
                require_symbols=True,
                require_uppercase=True,
                temp_password_validity=Duration.days(config.invitation_days),
            ),
            user_invitation=_invitation(page_url, config.invitation_days),
            feature_plan=_PLANS[config.feature_plan],
            standard_threat_protection_mode=cognito.StandardThreatProtectionMode.FULL_FUNCTION
            if config.feature_plan == "plus"
            else None,
            deletion_protection=config.deletion_protection,
            removal_policy=RemovalPolicy.RETAIN if config.deletion_protection else RemovalPolicy.DESTROY,
        )
        _excuse(pool, config)
        return pool

    def _say_how_to_add_people(self, region: str) -> None:
        pool = f"--region {region} --user-pool-id {self.pool.user_pool_id}"
        attributes = "Name=email,Value=ADDRESS Name=email_verified,Value=true"
        CfnOutput(
            self,
            "AddPerson",
            value=f"aws cognito-idp admin-create-user {pool} --username ADDRESS "
            f"--user-attributes {attributes} --desired-delivery-mediums EMAIL",
            description="Lets the person with this ADDRESS call: Cognito mails them a first password",
        ).override_logical_id("AddPerson")

    def _add_scopes(self) -> list[cognito.OAuthScope]:
        call = cognito.ResourceServerScope(scope_name=CALL, scope_description="Call the voice agent")
        server = self.pool.add_resource_server("Door", identifier=RESOURCE_SERVER, scopes=[call])
        return [cognito.OAuthScope.OPENID, cognito.OAuthScope.resource_server(server, call)]

    def _add_domain(self, prefix: str) -> None:
        # The newer pages are not part of Lite.
        old, new = (
            cognito.ManagedLoginVersion.CLASSIC_HOSTED_UI,
            cognito.ManagedLoginVersion.NEWER_MANAGED_LOGIN,
        )
        self.pool.add_domain(
            "Domain",
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix),
            managed_login_version=old if self._config.feature_plan == "lite" else new,
        )

    def _add_client(self, name: str, urls: Sequence[str]) -> cognito.UserPoolClient:
        """Add a client without a secret, which no browser and no terminal could keep."""
        client = self.pool.add_client(
            name,
            generate_secret=False,
            # No way in but the sign-in pages: no password is ever sent to an API.
            auth_flows=cognito.AuthFlow(user_srp=False),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=self._scopes,
                callback_urls=list(urls),
                logout_urls=list(urls),
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.minutes(self._config.access_token_minutes),
            id_token_validity=Duration.minutes(self._config.access_token_minutes),
            refresh_token_validity=Duration.hours(self._config.refresh_token_hours),
        )
        if self._config.feature_plan != "lite":  # the newer pages exist only for clients with a style
            cognito.CfnManagedLoginBranding(
                client,
                "Style",
                user_pool_id=self.pool.user_pool_id,
                client_id=client.user_pool_client_id,
                use_cognito_provided_values=True,
            )
        return client


def _made_up_prefix() -> str:
    """Return a name that no other stack has, and that tells nothing: the first part of the stack's own UUID."""
    uuid = Fn.select(2, Fn.split("/", Aws.STACK_ID))
    return f"hotline-{Fn.select(0, Fn.split('-', uuid))}"


def _invitation(page_url: str, days: int) -> cognito.UserInvitationConfig:
    return cognito.UserInvitationConfig(
        email_subject="You may call the voice agent",
        email_body=f"Call it at {page_url}<br>Your name is {{username}}, and for the first time, within {days} "
        "days, your password is {####}",
    )


def _excuse(pool: cognito.UserPool, config: CognitoAuthConfig) -> None:
    if config.mfa != "required":
        acknowledge(
            pool, "AwsSolutions-COG2", f"The stage's owner chose auth.mfa {config.mfa!r}; prod requires it."
        )
    if config.feature_plan != "plus":
        acknowledge(
            pool,
            "AwsSolutions-COG8",
            "Costs more per person than a stage without public sign-up gains; auth.feature_plan chooses it.",
        )
