"""TURN relays that a third party runs."""

from aws_cdk import aws_iam as iam

from stacks.config import ExternalTurnConfig
from turn.settings import ExternalTurnSettings


class ExternalRelays:
    """Relays of Cloudflare, Twilio or any fixed address, behind a key that never enters a template."""

    settings: ExternalTurnSettings

    def __init__(self, *, config: ExternalTurnConfig) -> None:
        self.settings = ExternalTurnSettings(provider=config.provider, secret_arn=config.secret_arn)

    def grant_issue(self, grantee: iam.IGrantable) -> None:
        """Let *grantee* read the provider's key, and nothing else."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=[self.settings.secret_arn],
        )
