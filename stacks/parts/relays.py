"""What the rest of the kit may know about relays, whoever runs them."""

from typing import Protocol

from aws_cdk import aws_iam as iam

from turn.settings import TurnSettings


class Relays(Protocol):
    """A source of TURN credentials for both ends of a call."""

    @property
    def settings(self) -> TurnSettings:
        """What an issuer of credentials needs to know, ready for its environment."""

    def grant_issue(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* obtain relay credentials from this source, and nothing else."""
