"""What the rest of the kit may know about relays, whoever runs them."""

from collections.abc import Sequence
from typing import Protocol

from aws_cdk import aws_iam as iam

from turn.settings import TurnSettings, to_environment


class RelaySource(Protocol):
    """A source of TURN credentials for both ends of a call."""

    @property
    def settings(self) -> TurnSettings:
        """What an issuer of credentials needs to know, ready for its environment."""

    def grant_issue(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* obtain relay credentials from this source, and nothing else."""


class Relays:
    """Every source of a stage.

    Args:
        sources: The preferred first.
    """

    environment: dict[str, str]
    """What an issuer of credentials needs in its environment."""

    def __init__(self, sources: Sequence[RelaySource]) -> None:
        self._sources = tuple(sources)
        self.environment = to_environment([one.settings for one in sources])

    def grant_issue(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* obtain relay credentials from each source, and nothing else."""
        for source in self._sources:
            source.grant_issue(grantee)
