"""What can go wrong between us and a relay.

TurnError
└── TurnSettingsError      the environment names no usable source of relays
"""


class TurnError(Exception):
    """No relay can be used; the message says why and what to do."""


class TurnSettingsError(TurnError):
    """The variables that the deployment wrote are missing or make no sense."""
