"""What the call page may know."""

from dataclasses import dataclass

from runtime.settings.environment import Settings, optional


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings(Settings):
    """Everything that the call page may know about where it runs; it tells every browser all of it."""

    stage: str
    agent_origin: str
    """Origin of the agent's WebSockets."""
    before_call: str
    """`path`, `agent` or `nothing`: what is ready before a caller presses Call."""
    auth_kind: str
    """`cognito`, `oidc` or `iam`: how callers say who they are."""
    issuer: str = optional()
    """Who signs callers in; empty where none signs in with a browser."""
    client_id: str = optional()
    scopes: str = optional()
    """What the page asks the issuer for, apart by spaces."""
    sign_in_origins: str = optional()
    """Origins that a browser asks while somebody signs in, apart by spaces."""
    guests: bool = False
    """Whether an invite link lets in who has it."""
    embedded: bool = False
    """Whether this is the embedded cloud, whose brain is offline."""
