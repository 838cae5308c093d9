"""Whose signature counts: what the embedded cloud tells this server about an access key."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from scripts.embedded.identity import Identity, IdentityRefusedError


def _anything(_action: str, _resource: str) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One access key, without its id."""

    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    expires_at: float = math.inf
    """Unix time."""
    allows: Callable[[str, str], bool] = _anything
    """Whether the policies of the key's owner allow an action on the ARN of a resource."""


type CredentialsLookup = Callable[[str], Credentials | None]
"""Finds the credentials of an access key id; None for a key that nobody issued."""


class IssuedCredentials:
    """Credentials as MiniStack issues them, and rights as its policies give them.

    Args:
        identity: Who is asked, at each look-up: keys come and go while the server runs.
        region: Where the keys are used.
    """

    def __init__(self, identity: Identity, region: str) -> None:
        self._identity = identity
        self._region = region

    def __call__(self, access_key_id: str) -> Credentials | None:
        """Find the credentials of *access_key_id*."""
        try:
            key = self._identity.credential(access_key=access_key_id, region=self._region)
        except IdentityRefusedError:
            return None

        def allows(action: str, resource: str) -> bool:
            try:
                self._identity.authorize(
                    access_key=key.access_key,
                    session_token=key.session_token,
                    action=action,
                    resources=[resource],
                    region=self._region,
                )
            except IdentityRefusedError:
                return False
            return True

        return Credentials(
            secret_access_key=key.secret,
            session_token=key.session_token,
            expires_at=math.inf if key.expires_at is None else key.expires_at,
            allows=allows,
        )
