"""What can go wrong with the agent and its door.

HotlineError
└── SettingsError     the environment does not describe a deployment: fix the stack
"""


class HotlineError(Exception):
    """Base of every error that `runtime` raises."""


class SettingsError(HotlineError):
    """The environment does not describe a deployment; nothing was started."""
