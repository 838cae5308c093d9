"""What the servers of an embedded cloud are handed in their environment.

Secrets, mostly: a command line can be read by everybody on this machine.
"""

import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Self

RELAY_SECRET = "HOTLINE_RELAY_SECRET"  # noqa: S105  (a variable's name)
"""What TURN passwords are derived from: the relay's, and that of what issues credentials for it."""

ISSUER_SECRET = "HOTLINE_ISSUER_SECRET"  # noqa: S105  (a variable's name)
"""Of the issuer's client that is no person."""

_ACCESS_KEY, _SECRET, _TOKEN = "HOTLINE_ACCESS_KEY", "HOTLINE_SECRET", "HOTLINE_TOKEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformKeys:
    """The keys of whoever opened the account, and what the cloud's own servers show one another."""

    access_key: str
    secret: str = field(repr=False)
    token: str = field(repr=False)

    @classmethod
    def make(cls) -> Self:
        """Make some up, for one cloud."""
        return cls(
            access_key=f"AKIA{secrets.token_hex(8).upper()}",
            secret=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(32),
        )

    @classmethod
    def taken_from(cls, environ: MutableMapping[str, str]) -> Self:
        """Take them out of *environ*, so that no process started from here has them."""
        return cls(
            access_key=environ.pop(_ACCESS_KEY), secret=environ.pop(_SECRET), token=environ.pop(_TOKEN)
        )

    def to_environment(self) -> dict[str, str]:
        """Return the variables that `taken_from` takes."""
        return {_ACCESS_KEY: self.access_key, _SECRET: self.secret, _TOKEN: self.token}
