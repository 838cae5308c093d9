"""What can go wrong when a stage is deployed or taken away.

DeployingError
├── UnknownStageError     cdk.json has no such stage, or does not say in which Region it is
└── AccountError          there are no credentials, or AWS does not take them
"""


class DeployingError(Exception):
    """Base of every error of a deployer's command; the message is meant for the deployer."""


class UnknownStageError(DeployingError):
    """Nobody can say which stage is meant, or where it is."""


class AccountError(DeployingError):
    """AWS does not know who is asking."""
