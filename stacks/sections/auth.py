"""The knobs of who may call."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stacks.sections.section import Section, price

_PUBLIC_ISSUER = re.compile(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[^\s?#]*)?")
_LOOPBACK_ISSUER = re.compile(r"http://localhost:\d{1,5}")
# Cognito refuses prefixes with these words in them ("Using your own domain for managed login").
_RESERVED_WORDS = ("aws", "amazon", "cognito")


def _is_an_issuer(url: str) -> str:
    """Refuse what API Gateway could not discover, or what discovers itself without TLS on the way."""
    if not (_PUBLIC_ISSUER.fullmatch(url) or _LOOPBACK_ISSUER.fullmatch(url)):
        raise ValueError(
            "must be the https URL that stands in `iss` of the issuer's tokens, without query or fragment "
            "(http://localhost:PORT is for an embedded cloud)"
        )
    return url


def _can_be_a_prefix(prefix: str) -> str:
    reserved = [word for word in _RESERVED_WORDS if word in prefix]
    if reserved:
        raise ValueError(f"holds {reserved[0]!r}, a word that Cognito keeps for itself; leave it out")
    return prefix


type _Port = Annotated[int, Field(ge=1_024, le=65_535)]

_TERMINAL_PORT = Field(
    8_765,
    description="Port on a caller's own machine at which a sign-in of `scripts/call` ends (http://localhost:PORT/); "
    "none lets nobody sign in from a terminal.",
)


class CognitoAuthConfig(Section):
    """People sign in to a Cognito user pool of the stage's own."""

    kind: Literal["cognito"]
    self_sign_up: bool = Field(
        False,
        description="Whether strangers may make themselves an account.  Each can then spend what one caller may; "
        "otherwise an administrator adds people.",
    )
    mfa: Literal["off", "optional", "required"] = Field(
        "optional",
        description="Second factor: a code of an authenticator app.  Not SMS, which costs per message and can be "
        "taken over with the number.",
    )
    # "User pool feature plans", Cognito developer guide.
    feature_plan: Literal["lite", "essentials", "plus"] = Field(
        "essentials",
        description="What Cognito does: `essentials` has the newer sign-in pages, `plus` also refuses leaked "
        "passwords and risky sign-ins.",
        json_schema_extra=price(
            "per person who signs in, a month: lite US$0.0055 and essentials US$0.015, both after the account's first "
            "10,000; plus US$0.02 from the first on (aws.amazon.com/cognito/pricing)"
        ),
    )
    domain_prefix: Annotated[str, AfterValidator(_can_be_a_prefix)] | None = Field(
        None,
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        description="Name of the sign-in pages below auth.REGION.amazoncognito.com, which nobody else in the Region may "
        "have; none makes one up.",
    )
    # Cognito: 5 minutes to a day, and an hour to ten years ("Managing user pool token expiration and caching").
    access_token_minutes: int = Field(
        60,
        ge=5,
        le=1_440,
        description="Life of what the door lets in.  API Gateway asks nobody whether it was revoked, so this is how "
        "long somebody who was locked out may still open sessions.",
    )
    refresh_token_hours: int = Field(
        12,
        ge=1,
        le=720,
        description="How long people stay signed in; signing out and locking out end it at once.",
    )
    # A password that an administrator makes: whole days, 1 to 365; Cognito's own default is 7.
    invitation_days: int = Field(3, ge=1, le=30, description="Life of the password in an invitation by mail.")
    terminal_port: _Port | None = _TERMINAL_PORT
    deletion_protection: bool = Field(
        True, description="Whether the people outlive the stack: their pool then stays when it is destroyed."
    )


class OidcAuthConfig(Section):
    """People sign in with the company's own OpenID Connect issuer, or machines with tokens of it."""

    kind: Literal["oidc"]
    issuer: Annotated[str, AfterValidator(_is_an_issuer)] = Field(
        description="URL of the issuer, exactly as in `iss` of its tokens; its discovery document and keys must be "
        "reachable from the internet."
    )
    # CreateAuthorizer takes 50 audiences (apigatewayv2, service model).
    audiences: tuple[Annotated[str, Field(pattern=r"^\S{1,256}$")], ...] = Field(
        strict=False,
        min_length=1,
        max_length=50,
        description="Values of `aud` (or, where a token has none, `client_id`) that are meant for this door.",
    )
    client_id: Annotated[str, Field(pattern=r"^\S{1,256}$")] = Field(
        description="Public client (code with PKCE, no secret) that the call page signs in with.  Register with it, as "
        "redirect addresses, the page's and http://localhost:`terminal_port`/."
    )
    sign_in_scopes: tuple[Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,256}$")], ...] = Field(
        ("openid",), strict=False, min_length=1, max_length=10, description="Scopes that a sign-in asks for."
    )
    # CreateRoute takes 10 scopes (apigatewayv2, service model).
    required_scopes: tuple[Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,64}$")], ...] = Field(
        (),
        strict=False,
        max_length=10,
        description="Scopes (`scope` or `scp`) of which a token must have one.  Name one wherever the issuer can: it is "
        "what tells an access token from an ID token.",
    )
    token_origins: tuple[Annotated[str, Field(pattern=r"^https://[^/*\s]+$")], ...] = Field(
        (),
        strict=False,
        max_length=5,
        description="Origins, besides the issuer's own, of the issuer's token address: the page may talk to no others.",
    )
    terminal_port: _Port | None = _TERMINAL_PORT

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the issuer is an embedded cloud's."""
        return bool(_LOOPBACK_ISSUER.fullmatch(self.issuer))


class IamAuthConfig(Section):
    """Machines call, and sign with AWS credentials; there is no sign-in and no page for people."""

    kind: Literal["iam"]


type AuthConfig = Annotated[CognitoAuthConfig | OidcAuthConfig | IamAuthConfig, Field(discriminator="kind")]
