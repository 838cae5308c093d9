"""What can go wrong with the agent and its door.

HotlineError
├── SettingsError       the environment does not describe a deployment: fix the stack
├── CredentialsError    the role offers no credentials: mend the role or its endpoint
└── StreamLostError     a stream to the model broke, or never began: open another, or end the call
"""


class HotlineError(Exception):
    """Base of every error that `runtime` raises."""


class SettingsError(HotlineError):
    """The environment does not describe a deployment; nothing was started."""


class CredentialsError(HotlineError):
    """Neither the role nor the environment offers credentials; AWS cannot be asked."""


class StreamLostError(HotlineError):
    """The model refused a stream, ended it or fell silent on it."""
