"""What the door must know of who may call: how to tell them, and where they sign in."""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers

from stacks.config import OidcAuthConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Where people get the token that the door lets in: code with PKCE, from public clients."""

    issuer: str
    """Its discovery document names every other address."""
    audiences: tuple[str, ...]
    page_client_id: str
    terminal_client_id: str
    """Empty where nobody may sign in from a terminal."""
    terminal_port: int
    """Where a sign-in from a terminal ends, on the caller's own machine; 0 where there is none."""
    scopes: tuple[str, ...]
    """What to ask for."""
    origins: tuple[str, ...]
    """What the page talks to while it signs in."""


class Callers(Protocol):
    """Who may call; each kind of `auth` has its own."""

    authorizer: apigateway.IHttpRouteAuthorizer
    scopes: tuple[str, ...]
    """Of which a token must have one; none where tokens have none."""
    sign_in: SignIn | None
    """None where only machines call, which sign each request."""


class IssuerCallers:
    """Holders of a token of the company's own issuer."""

    authorizer: apigateway.IHttpRouteAuthorizer
    scopes: tuple[str, ...]
    sign_in: SignIn | None

    def __init__(self, config: OidcAuthConfig) -> None:
        self.authorizer = authorizers.HttpJwtAuthorizer(
            "Issuer", config.issuer, jwt_audience=list(config.audiences)
        )
        self.scopes = config.required_scopes
        self.sign_in = SignIn(
            issuer=config.issuer,
            audiences=config.audiences,
            page_client_id=config.client_id,
            terminal_client_id=config.client_id if config.terminal_port else "",
            terminal_port=config.terminal_port or 0,
            scopes=config.sign_in_scopes,
            origins=tuple(dict.fromkeys((_origin(config.issuer), *config.token_origins))),
        )


class IamCallers:
    """Machines that sign with AWS credentials, and whom IAM lets invoke the API."""

    authorizer: apigateway.IHttpRouteAuthorizer
    scopes: tuple[str, ...] = ()
    sign_in: SignIn | None = None

    def __init__(self) -> None:
        self.authorizer = authorizers.HttpIamAuthorizer()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
