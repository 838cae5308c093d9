"""What those who let guests in may know."""

from dataclasses import dataclass

from runtime.settings.environment import PREFIX, Settings

INVITE_KEY = PREFIX + "INVITE_KEY"
"""The variable without which a door lets no guests in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestGateSettings(Settings):
    """Everything that the function which judges guests' tokens may know."""

    stage: str
    region: str
    invite_key: str
    """ARN of the KMS key that seals invites and guests' tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSettings(Settings):
    """What the door must know to let guests in; it has these variables only where a stage lets them in."""

    stage: str
    region: str
    invite_key: str
    """ARN of the KMS key that seals invites and guests' tokens."""
    invite_seconds: int
    """Life of an invite that nobody redeems."""
    invites_per_minute: int
    """Invites that one caller may make in a minute."""
    guest_call_seconds: int
    """Longest call of a guest."""
    guest_concurrency: int
    """Guests who may have a session at once."""
    guests_per_inviter: int
    """Of those, guests of one inviter."""
