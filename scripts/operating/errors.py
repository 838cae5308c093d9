"""What can go wrong when somebody operates a stage.

OperatingError
├── UnknownSessionError   there is no such session
├── NotStoppedError       AgentCore did not stop it, or DynamoDB could not be asked
└── ImageError            a registry does not tell what an image is called
"""


class OperatingError(Exception):
    """Base of every error of an operator's command; the message is meant for the operator."""


class UnknownSessionError(OperatingError):
    """The ledger has no such session, and it is no session id either."""


class NotStoppedError(OperatingError):
    """A service refused or did not answer; the message says which."""


class ImageError(OperatingError):
    """The digest of a container image is not to be had; the message says why."""
